import type { IncomingMessage } from 'http';
import type { MotoProxy } from './moto-proxy';
import { ApiError } from './protocol/api-error';

/** Lets writes of one object that have a condition follow one another. */
export class ObjectConditions {
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(private readonly moto: MotoProxy) {}

  static applyTo(request: IncomingMessage): boolean {
    return request.headers['if-none-match'] !== undefined || request.headers['if-match'] !== undefined;
  }

  /** Does a write if its condition holds. */
  async write<T>(request: IncomingMessage, path: string, act: () => Promise<T>): Promise<T> {
    const key = path.split('?')[0];
    const before = this.queues.get(key) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(async () => {
      await this.check(request, key);
      // Moto has ideas of its own about them.
      delete request.headers['if-none-match'];
      delete request.headers['if-match'];
      return act();
    });
    this.queues.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.queues.get(key) === turn) { this.queues.delete(key); }
    }
  }

  private async check(request: IncomingMessage, path: string): Promise<void> {
    const { authorization } = request.headers;
    const headers = authorization ? { authorization } : {};
    const there = await this.moto.send({ method: 'HEAD', path, headers, body: '' });
    const wanted = request.headers['if-match'];
    if (wanted !== undefined) {
      if (there.status === 404) { throw new ApiError('NoSuchKey', 'The specified key does not exist.', 404); }
      if (wanted !== '*' && unquoted(wanted) !== unquoted(there.headers.etag ?? '')) { throw failed(); }
    }
    if (request.headers['if-none-match'] === '*' && there.status === 200) { throw failed(); }
  }
}

function unquoted(etag: string): string {
  return etag.replace(/^"|"$/g, '');
}

function failed(): ApiError {
  return new ApiError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
}
