/** Works on all of the list, one thing at a time in each lane. */
export async function inLanes<L, T, R>(lanes: readonly L[], list: readonly T[], work: (lane: L, each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(lanes.map(async (lane) => {
    while (next < list.length) {
      const turn = next++;
      results[turn] = await work(lane, list[turn]);
    }
  }));
  return results;
}
