import type { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { deployAfter } from './stacks';

/** A role by which an account is told of images. */
export interface OfferedRole {
  readonly stack: Stack;
  readonly roleName: string;
}

/** An image that is used in another account, by a role that may be declared later. */
export interface NeededRole {
  readonly home: Stack;
  readonly user: Stack;
  readonly roleName: string;
  /** Says that the role is deployed only after the image is built. */
  readonly tooLate: (role: Stack) => void;
}

interface Roles {
  readonly offered: OfferedRole[];
  readonly needed: NeededRole[];
}

const roles = new WeakMap<IConstruct, Roles>();

/** Has the stacks of images deployed after a role that tells another account of them. */
export function offerRole(role: OfferedRole): void {
  const { offered, needed } = rolesOf(role.stack);
  offered.push(role);
  needed.forEach((need) => order(need, role));
}

/** Has the stack of an image deployed after the role that tells another account of it, where the app declares that. */
export function needRole(need: NeededRole): void {
  const { offered, needed } = rolesOf(need.home);
  needed.push(need);
  offered.forEach((role) => order(need, role));
}

function order({ home, user, roleName, tooLate }: NeededRole, role: OfferedRole): void {
  if (role.roleName !== roleName || role.stack.account !== user.account) { return; }
  if (role.stack === user || !deployAfter(home, role.stack, `its images are told of by ${role.stack.node.path}`)) { tooLate(role.stack); }
}

function rolesOf({ node: { root } }: IConstruct): Roles {
  const found = roles.get(root) ?? { offered: [], needed: [] };
  roles.set(root, found);
  return found;
}
