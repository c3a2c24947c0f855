/** One line of what a runner records. Times are hundredths of a second since the start of the machine. */
export type RunnerRecord =
  | { readonly type: 'begin'; readonly at: number }
  | { readonly type: 'start'; readonly index: number; readonly attempt: number; readonly at: number }
  | { readonly type: 'retry'; readonly index: number; readonly attempt: number; readonly exitCode: number; readonly timedOut: boolean; readonly backoffSeconds: number }
  | { readonly type: 'end'; readonly index: number; readonly attempt: number; readonly at: number; readonly exitCode: number; readonly how: 'ok' | 'failed' | 'timeout' }
  | { readonly type: 'hold'; readonly index: number }
  | { readonly type: 'go'; readonly index: number }
  | { readonly type: 'finish'; readonly how: FinishReason };

/** `terminated`: the machine shuts down, or somebody ended the runner; `abandoned`: nobody followed for an hour. */
export type FinishReason = 'ok' | 'failed' | 'cancelled' | 'abandoned' | 'terminated';

/** Reads a record. Undefined: this is no record. */
export function parseRecord(line: string): RunnerRecord | undefined {
  const [type, ...words] = line.trim().split(' ');
  const numbers = words.map(Number);
  switch (type) {
    case 'begin': return { type, at: numbers[0] };
    case 'start': return { type, index: numbers[0], attempt: numbers[1], at: numbers[2] };
    case 'retry':
      return { type, index: numbers[0], attempt: numbers[1], exitCode: numbers[3], timedOut: words[4] === 'timeout', backoffSeconds: numbers[5] };
    case 'end':
      return { type, index: numbers[0], attempt: numbers[1], at: numbers[2], exitCode: numbers[3], how: words[4] as 'ok' | 'failed' | 'timeout' };
    case 'hold': return { type, index: numbers[0] };
    case 'go': return { type, index: numbers[0] };
    case 'finish': return { type, how: words[1] as FinishReason };
    default: return undefined;
  }
}
