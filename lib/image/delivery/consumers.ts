import { Stack, Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct, type IConstruct } from 'constructs';
import { needRole } from './role-order';
import { deployAfter, outermostStack, same } from './stacks';
import { GoldenError } from '../../errors';
import type { ConsumerSpec } from '../../plan/delivery';
import { ImageKeyGrants } from '../keys/image-key-grants';

/** Role of the accounts that use an image of another account, unless they are given another. */
export const DELIVERY_ROLE_NAME = 'golden-delivery';

/** Where stacks of the app use an image, beside where it is built. */
export interface Places {
  readonly regions: readonly string[];
  readonly accounts: readonly string[];
  readonly consumers: readonly ConsumerSpec[];
}

export interface ConsumersOptions {
  /** Whether who uses the image is deployed after its own stack. */
  readonly afterHome: boolean;
  readonly roleName?: string;
  /** Key of the image in a region, if it has one of its own there. */
  readonly keyIn: (region: string) => IKey | undefined;
  readonly fault: (code: string, message: string, hint: string) => void;
  /** Called when the image has to go to a further place. */
  readonly changed: () => void;
}

/** The stacks that use an image: their accounts and regions are places that it is taken to. */
export class Consumers {
  private readonly seen = new Set<Stack>();
  private readonly targets = new Map<string, ConsumerSpec>();
  private readonly regions = new Set<string>();
  private readonly granted = new Set<string>();
  private closed = false;

  constructor(private readonly image: Construct, private readonly options: ConsumersOptions) {}

  /** From now on the places are written down. */
  close(): void {
    this.closed = true;
  }

  /** As `add`, for a token: nobody knows where it is used before it is resolved. */
  addResolved(user: IConstruct): Stack {
    const [home, stack] = [outermostStack(this.image), outermostStack(user)];
    if (!this.closed || stack === home || this.seen.has(stack) || (same(home.account, stack.account) && same(home.region, stack.region))) {
      return this.add(user);
    }
    throw new GoldenError('used-too-late', `The ID of ${this.image.node.path} is used in ${stack.node.path}, for which its plan is written already`, {
      kind: 'usage', path: user.node.path, hint: 'Take it by image.getImage(scope).imageId instead of image.imageId.',
    });
  }

  /** Takes the image to where it is used. Returns the stack that reads its ID. */
  add(user: IConstruct): Stack {
    const [home, stack] = [outermostStack(this.image), outermostStack(user)];
    if (stack === home || this.seen.has(stack)) { return stack; }
    this.seen.add(stack);
    this.options.changed();
    this.reach(home, stack);
    if (this.options.afterHome && !deployAfter(stack, home, `it uses ${this.image.node.path}`)) {
      this.options.fault(
        'circular-stacks',
        `The image is used in the stack ${stack.node.path}, which its own stack ${home.node.path} needs`,
        'Declare the image in a stack that needs nothing of those that use it, or deliver it by Delivery.prebuilt().',
      );
    }
    return stack;
  }

  places(): Places {
    const consumers = [...this.targets.values()].sort((a, b) => (`${a.account} ${a.region}` < `${b.account} ${b.region}` ? -1 : 1));
    return { regions: [...this.regions].sort(), accounts: [...new Set(consumers.map(({ account }) => account))], consumers };
  }

  private reach(home: Stack, stack: Stack): void {
    const [account, region] = [same(home.account, stack.account), same(home.region, stack.region)];
    if (account === undefined || region === undefined) { return this.unknown(home, stack); }
    if (!region) { this.regions.add(stack.region); }
    if (account) { return; }
    const roleName = this.options.roleName ?? DELIVERY_ROLE_NAME;
    this.targets.set(`${stack.account} ${stack.region}`, { account: stack.account, region: stack.region, roleName });
    this.grantKey(stack);
    if (this.options.afterHome) { needRole({ home, user: stack, roleName, tooLate: (role) => this.tooLate(role) }); }
  }

  /** In its own account the users of a key are that account's business; another one has to be let in. */
  private grantKey({ account, region }: Stack): void {
    const key = this.options.keyIn(region);
    const use = `${account} ${region}`;
    if (!key || this.granted.has(use)) { return; }
    this.granted.add(use);
    ImageKeyGrants.of(key).toAccounts(account);
  }

  private tooLate(role: Stack): void {
    this.options.fault(
      'circular-stacks',
      `The DeliveryRole in the stack ${role.node.path} is there only after the image is built, which needs it`,
      'Declare it in a stack of its own, which is then deployed before that of the image.',
    );
  }

  private unknown(home: Stack, stack: Stack): void {
    const [vague, clear] = [home, stack].sort((a, b) => openParts(b) - openParts(a));
    this.options.fault(
      'unknown-environment',
      `The image of the stack ${home.node.path} is used in ${stack.node.path}, and ${vague.node.path} does not say which account and region it is for`,
      `Give ${vague.node.path} its env: { account, region }, as ${clear.node.path} has, so that it is known where the image has to be taken to.`,
    );
  }
}

function openParts({ account, region }: Stack): number {
  return [account, region].filter((part) => Token.isUnresolved(part)).length;
}
