import { existsSync, readdirSync, readFileSync, readlinkSync } from 'fs';
import { join } from 'path';

/** What a build may leave on this machine besides its artifact, as one line each; empty is what every test wants. */
export function leftovers(home: string, output: string): string[] {
  return [
    ...readFileSync('/proc/self/mounts', 'utf8').split('\n').filter((line) => line.includes(home) || line.includes(output)).map((line) => `mounted: ${line}`),
    ...processesWith(home).map((line) => `running: ${line}`),
    ...entries(join(home, 'sandbox', 'machines')).map((name) => `machine: ${name}`),
    ...entries(join(home, 'locks')).map((name) => `lock: ${name}`),
    ...entries(output).flatMap((image) => entries(join(output, image)).filter((name) => name.startsWith('.')).map((name) => `draft: ${image}/${name}`)),
  ];
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Processes that have a folder in their command line, or work below it. */
function processesWith(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid).flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0/g, ' ').trim();
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      return command.includes(folder) || cwd.startsWith(folder) ? [`${pid} ${command}`] : [];
    } catch {
      return []; // it has ended
    }
  });
}
