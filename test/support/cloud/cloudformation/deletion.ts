import type { StackResource } from './stack';

/** Removes resources: each after those that need it, all others side by side. What fails leaves in place what it needs. */
export async function deleteAll(
  resources: readonly StackResource[], remove: (resource: StackResource) => Promise<void>,
): Promise<readonly { readonly resource: StackResource; readonly error: Error }[]> {
  const failures: { readonly resource: StackResource; readonly error: Error }[] = [];
  const done = new Map<StackResource, Promise<boolean>>();
  const settle = (resource: StackResource): Promise<boolean> => {
    const known = done.get(resource);
    if (known) { return known; }
    const settled = (async () => {
      const users = resources.filter((other) => other !== resource && other.dependsOn.includes(resource.logicalId));
      const isFree = (await Promise.all(users.map(settle))).every((gone) => gone);
      if (!isFree) { return false; }
      try {
        await remove(resource);
        return true;
      } catch (error) {
        failures.push({ resource, error: error as Error });
        return false;
      }
    })();
    done.set(resource, settled);
    return settled;
  };
  await Promise.all(resources.map(settle));
  return failures;
}
