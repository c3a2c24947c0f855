import { setMaxListeners } from 'events';
import { callingArguments } from './apply/calling-process';
import { openTerminal } from './apply/terminal-device';
import { runCli } from './cli';
import { ownStreams } from './console/process-streams';
import { EXIT_CODES } from './exit-codes';
import { ownEnvironment } from './own-environment';
import { processOutput } from './process-output';
import { askCallersPlace, examineComputer, openStateStore, systemClock, wireHost } from './wiring';

const controller = new AbortController();
// Many images are built at once, and all that each waits for ends with an interruption.
setMaxListeners(0, controller.signal);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) { process.exit(EXIT_CODES.interrupted); }
    process.stderr.write('\nInterrupted: cleaning up. Once more to exit at once; "golden gc" then removes what is left.\n');
    controller.abort();
  });
}

// A reader that has gone, such as `head`, is no reason to leave a machine running.
for (const stream of [process.stdout, process.stderr]) { stream.on('error', () => { /* nobody reads any more */ }); }

void runCli(process.argv.slice(2), {
  folder: process.cwd(),
  environment: ownEnvironment(process.env),
  // Opened by who reads it.
  get stdin() { return process.stdin; },
  stdout: processOutput(process.stdout, controller.signal),
  stderr: processOutput(process.stderr, controller.signal),
  clock: systemClock,
  signal: controller.signal,
  terminal: openTerminal,
  streams: ownStreams(),
  callingArguments,
  hosts: wireHost,
  states: openStateStore,
  callersPlace: askCallersPlace,
  examineComputer,
}).then((exitCode) => {
  // Not before all is written: pipes take their time. Not later either: something left open must not hold the command up.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
});
