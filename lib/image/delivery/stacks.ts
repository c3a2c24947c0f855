import { Stack, Stage, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The stack that is deployed by itself: what is nested in it goes with it. */
export function outermostStack(construct: IConstruct): Stack {
  let stack = Stack.of(construct);
  while (stack.nestedStackParent) { stack = stack.nestedStackParent; }
  return stack;
}

/** Has a stack deployed after another. False: the other one needs it already. Across stages the order is the pipeline's. */
export function deployAfter(stack: Stack, earlier: Stack, reason: string): boolean {
  if (stack === earlier || Stage.of(stack) !== Stage.of(earlier)) { return true; }
  try {
    // Newer CDKs have renamed the method, and warn of the old name.
    const { addStackDependency = stack.addDependency } = stack as { addStackDependency?: Stack['addDependency'] };
    addStackDependency.call(stack, earlier, reason);
    return true;
  } catch {
    return false;
  }
}

/** Whether two accounts or regions are the same; undefined where one of them is known only when it is deployed. */
export function same(a: string, b: string): boolean | undefined {
  const unknown = [a, b].filter((each) => Token.isUnresolved(each)).length;
  if (unknown === 1) { return undefined; }
  return unknown === 2 || a === b;
}
