/** All pages of an answer, one after the other. */
export async function allPages<T extends { readonly NextToken?: string }>(ask: (token: string | undefined) => Promise<T>): Promise<readonly T[]> {
  const pages: T[] = [];
  for (let token: string | undefined; ;) {
    const page = await ask(token);
    pages.push(page);
    token = page.NextToken;
    if (!token) { return pages; }
  }
}
