import { SSMClient } from '@aws-sdk/client-ssm';
import { hasName, refusal, unanswered, verdictOn } from './aws-errors';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';
import type { CloudAccess } from '../../ports/cloud-access';

// The SDK is part of this program: its users cannot act on what it says of versions of Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const FIRST_PAUSE_MS = 150;
const LONGEST_PAUSE_MS = 5_000;
const CONNECTION_MS = 10_000;
const REQUEST_MS = 20_000;

export type Call<T> = (client: SSMClient, options: { readonly abortSignal?: AbortSignal }) => Promise<T>;

export interface CallOptions {
  readonly clock: Clock;
  /** How long a call is tried again where that may help. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
  /** An error that passes by itself, and in which time: of what was made a moment ago, and is not known everywhere. */
  readonly passing?: { readonly name: string; readonly ms: number };
}

/** Calls Systems Manager in one region, and tries again what may succeed then. All that is called may happen twice. */
export class SsmApi {
  private client?: SSMClient;
  /** How many times as slow as usual we ask: grows where the region throttles this account, for everyone here. */
  slowness = 1;

  constructor(private readonly access: CloudAccess) {}

  /** Errors: `connection-lost` where no answer came in time, `interrupted`, `access-denied` and others that say what to do. */
  async call<T>(action: string, send: Call<T>, options: CallOptions): Promise<T> {
    const { clock, signal, passing } = options;
    const begun = clock.now();
    let refreshed = false;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      try {
        const answer = await send(this.connected(), { abortSignal: signal });
        this.slowness = Math.max(1, this.slowness * 0.98);
        return answer;
      } catch (error) {
        if (signal?.aborted) { throw interrupted(error); }
        const verdict = verdictOn(error, passing?.name);
        if (verdict === 'refused' || (verdict === 'expired' && refreshed)) { throw refusal(action, error); }
        if (verdict === 'throttled') { this.slowness = Math.min(16, this.slowness * 1.5); }
        if (verdict === 'expired') {
          refreshed = true;
          await this.access.refresh?.().catch(() => undefined);
          this.close();
          continue;
        }
        // Not all at the same time again.
        const rest = pause * (0.5 + Math.random() / 2);
        const patienceMs = passing && hasName(error, passing.name) ? passing.ms : options.patienceMs;
        if (clock.now() + rest >= begun + patienceMs) { throw unanswered(action, error); }
        await clock.sleep(rest, signal).catch((cause) => { throw interrupted(cause); });
      }
    }
  }

  close(): void {
    this.client?.destroy();
    this.client = undefined;
  }

  private connected(): SSMClient {
    const { region, credentials, agents } = this.access;
    const through = agents && { httpAgent: agents.http, httpsAgent: agents.https };
    this.client ??= new SSMClient({
      region, credentials, maxAttempts: 1, requestHandler: { connectionTimeout: CONNECTION_MS, requestTimeout: REQUEST_MS, ...through },
    });
    return this.client;
  }
}

export function interrupted(cause?: unknown): GoldenError {
  return new GoldenError('interrupted', 'Interrupted while the machine was asked', { kind: 'interrupted', cause });
}
