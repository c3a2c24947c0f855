import { ApiError } from './protocol/api-error';
import { callJson, type Caller } from './service-client';

/** Where in CloudWatch Logs something writes to. */
export interface LogPlace {
  readonly group: string;
  readonly stream: string;
}

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** Writes lines to CloudWatch Logs with what the role of their writer may: several at once, in their order. */
export class LogStream {
  private waiting: LogEvent[] = [];
  private sending: Promise<void> | undefined;

  constructor(private readonly caller: () => Promise<Caller>, private readonly place: LogPlace, private readonly now: () => number) {}

  /** Makes group and stream. Throws where the role may not. */
  async open(): Promise<void> {
    const { group, stream } = this.place;
    const caller = await this.caller();
    // A group that is there already is none of the writer's to make.
    await callJson(caller, 'logs', 'Logs_20140328.CreateLogStream', { logGroupName: group, logStreamName: stream }).catch(async (error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'ResourceNotFoundException') { throw error; }
      await callJson(caller, 'logs', 'Logs_20140328.CreateLogGroup', { logGroupName: group }).catch(ignoreExisting);
      await callJson(caller, 'logs', 'Logs_20140328.CreateLogStream', { logGroupName: group, logStreamName: stream }).catch(ignoreExisting);
    });
  }

  write(message: string): void {
    this.waiting.push({ timestamp: this.now(), message });
    this.sending ??= new Promise((resolve) => { setTimeout(resolve, 20); }).then(() => this.send());
  }

  /** Waits until everything has arrived. */
  async flush(): Promise<void> {
    while (this.sending) { await this.sending; }
  }

  private async send(): Promise<void> {
    const logEvents = this.waiting;
    this.waiting = [];
    try {
      await callJson(await this.caller(), 'logs', 'Logs_20140328.PutLogEvents', { logGroupName: this.place.group, logStreamName: this.place.stream, logEvents });
    } catch {
      // What cannot be written is lost, and whoever wrote it goes on.
    }
    this.sending = this.waiting.length > 0 ? this.send() : undefined;
  }
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== 'ResourceAlreadyExistsException') { throw error; }
}
