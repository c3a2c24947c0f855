import { awsCode, awsMessage, explained, isExpired, isUncertain, isUnreachable, verdictOf, type CallName } from './aws-errors';
import { retry, type Verdict } from './retry';
import type { TokenBuckets } from './token-buckets';
import type { Clock } from '../../ports/clock';

/** A request of the SDK, as far as it says what it answers. */
export interface AwsCommand<Output extends object> {
  readonly input: object;
  resolveMiddleware(stack: any, configuration: any, options: any): (args: any) => Promise<{ output: Output }>;
}

/** An answer that only means that something else is not finished: its code, or its code with a pattern of its message. */
export type NotYet = string | { readonly code: string; readonly message: RegExp };

export interface CallOptions<Output extends object> {
  readonly signal?: AbortSignal;
  readonly notYet?: readonly NotYet[];
  /** How long new tries are begun. @default 120000 */
  readonly deadlineMs?: number;
  /**
   * For calls without a client token: looks for what the call makes, after an answer that leaves open whether it was made.
   * What is found stands for the answer.
   */
  readonly find?: () => Promise<Output | undefined>;
}

/** Calls of one service in one region. They take their turn, are tried again where that helps, and end with a GoldenError or an answer. */
export interface Caller {
  /** Errors: `access-denied`, `no-credentials`, `expired-credentials`, `invalid-credentials`, `unreachable`, `untrusted-certificate`, `aws-error`, `interrupted`. */
  send<Output extends object>(command: AwsCommand<Output>, options?: CallOptions<Output>): Promise<Output>;
}

export interface CallerOptions {
  /** Prefix of its actions in policies: `ec2`. */
  readonly service: string;
  readonly region: string;
  readonly clock: Clock;
  readonly buckets?: TokenBuckets;
  readonly transmit: (command: AwsCommand<object>, signal: AbortSignal | undefined) => Promise<object>;
  readonly endpoint: () => Promise<string | undefined>;
  /** Reads the credentials anew. */
  readonly refresh: () => Promise<void>;
}

const DEADLINE_MS = 120_000;
/** Who was never reached is not down for a moment. */
const UNREACHED_TRIES = 3;
const READING = /^(Describe|Get|List|Head)/;

export function caller(options: CallerOptions): Caller {
  const { service, region, clock, buckets } = options;
  let reached = false;

  async function send<Output extends object>(command: AwsCommand<Output>, call: CallOptions<Output> = {}): Promise<Output> {
    const { signal, notYet = [], deadlineMs = DEADLINE_MS, find } = call;
    const name: CallName = { service, action: actionOf(command), region };
    let uncertain = false;
    let expirations = 0;
    let tries = 0;
    const verdict = (error: unknown): Verdict => {
      if (isExpired(error)) { return expirations > 1 ? 'fail' : 'transient'; }
      if (isUnreachable(error) && !reached && tries >= UNREACHED_TRIES) { return 'fail'; }
      return notYet.some((answer) => isAnswer(error, answer)) ? 'not-yet' : verdictOf(error);
    };
    const attempt = async (): Promise<Output> => {
      tries++;
      const found = uncertain ? await find?.() : undefined;
      if (found) { return found; }
      await buckets?.take(region, name.action, signal);
      try {
        // Whether a call that changes something was done is worth its answer, even for who is about to leave.
        const answer = await options.transmit(command, READING.test(name.action) ? signal : undefined) as Output;
        reached = true;
        return answer;
      } catch (error) {
        if (awsCode(error) && !isUnreachable(error)) { reached = true; }
        uncertain ||= isUncertain(error);
        if (isExpired(error)) {
          expirations++;
          await options.refresh();
        }
        throw error;
      }
    };
    try {
      return await retry(attempt, { clock, signal, deadlineMs, verdict });
    } catch (error) {
      const endpoint = await options.endpoint().catch(() => undefined);
      throw explained(error, { ...name, endpoint });
    }
  }
  return { send };
}

/** Bundlers rename classes; the schema of a command keeps its name. */
function actionOf(command: AwsCommand<object>): string {
  const { schema } = command as { readonly schema?: readonly unknown[] };
  return String(schema?.[2] ?? command.constructor.name.replace(/Command\d*$/, ''));
}

function isAnswer(error: unknown, answer: NotYet): boolean {
  const code = awsCode(error);
  return typeof answer === 'string' ? code === answer : code === answer.code && answer.message.test(awsMessage(error));
}
