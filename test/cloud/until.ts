/** Waits for a condition; fails after ten seconds. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!await condition()) {
    if (Date.now() > end) { throw new Error(`this did not come true: ${condition}`); }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
