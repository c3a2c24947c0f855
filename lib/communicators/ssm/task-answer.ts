import { GoldenError } from '../../errors';

/** The line of a task in what a command wrote, with what follows it. Errors: `connection-lost`, `piece-lost`, `task-failed`. */
export function parseAnswer(id: string, said: string): { readonly fields: readonly string[]; readonly body: string } {
  const [, line, body] = new RegExp(`^golden ${id} (.*)\\n?([^]*)`, 'm').exec(said) ?? [];
  const fields = line?.trim().split(' ') ?? [];
  switch (fields[0]) {
    case 'running': case 'done':
      return { fields, body };
    case 'gone':
      throw new GoldenError('task-gone', 'The machine does not know the command any more: it restarted, or the command was ended');
    case 'fault':
      throw new GoldenError('task-failed', body.trim() || 'no reason given');
    case 'unsent':
      throw pieceLost(`The machine could not send what a command wrote: ${body.trim()}`);
    default:
      throw new GoldenError('connection-lost', `The machine gave no answer: ${JSON.stringify(said.slice(0, 200))}`);
  }
}

/** A part of the output that did not arrive, and that the machine still has. */
export function pieceLost(message: string): GoldenError {
  return new GoldenError('piece-lost', message, { hint: STAGING_HINT });
}

export const STAGING_HINT = 'The machine needs a way to Amazon S3 (a gateway endpoint, or one to the internet), and curl, python3 or wget.';
