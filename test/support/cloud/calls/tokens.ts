import { ApiError } from '../protocol/api-error';
import type { Xml } from '../protocol/xml';
import type { Answer, Call } from '../world';

/**
 * Does what a call asks once for each client token. The same call with the same token gets the first answer again;
 * another one with the same token is an error.
 */
export async function once(call: Call, act: () => Answer | Promise<Answer>): Promise<Answer> {
  const token = call.input.text('ClientToken');
  if (!token) { return act(); }
  if (token.length > 64) { throw new ApiError('InvalidParameterValue', 'The client token is longer than 64 characters.'); }
  const { tokens } = call.region;
  const key = `${call.account} ${call.action} ${token}`;
  const parameters = stable(call.body);
  const known = tokens.get(key);
  if (known) {
    if (known.parameters !== parameters) {
      throw new ApiError('IdempotentParameterMismatch', 'The request uses the same client token as a previous, but non-identical request.');
    }
    return await known.answer as Answer;
  }
  const answer = Promise.resolve().then(act);
  tokens.set(key, { parameters, answer: answer as Promise<Xml> });
  // What was refused may be asked again.
  answer.catch(() => tokens.delete(key));
  return answer;
}

function stable(body: string): string {
  const pairs = [...new URLSearchParams(body)].filter(([name]) => name !== 'DryRun' && name !== 'Version');
  return JSON.stringify(pairs.sort(([a], [b]) => a < b ? -1 : 1));
}
