import { textReading, type Probe } from './probe';

/** Goss's own default. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Runs the command of the check once; its exit status and both of its streams can be asked for. */
export const commandProbe: Probe = {
  command: (check) => check.resource,

  timeoutMs: (check) => (typeof check.attributes.timeout === 'number' && check.attributes.timeout > 0 ? check.attributes.timeout : DEFAULT_TIMEOUT_MS),

  parse: (output, check) => {
    const { exitCode } = output;
    if (exitCode === undefined) {
      const error = `the command took longer than ${commandProbe.timeoutMs!(check) / 1000} s`;
      return { 'exit-status': { error }, 'stdout': { error }, 'stderr': { error } };
    }
    return {
      'exit-status': { value: exitCode },
      'stdout': textReading(output, output.stdout),
      'stderr': textReading(output, output.stderr),
    };
  },
};
