import { randomBytes } from 'crypto';
import { buffer, text } from 'stream/consumers';
import { expectGone } from './process-end';
import { quote } from '../../lib/plan/shell';
import type { Communicator } from '../../lib/ports/communicator';

const MB = 1_000_000;

/** What every communicator promises of a command that somebody attends to. */
export function describeAttachments(
  using: () => { readonly communicator: Communicator; readonly folder: string }, terminals: boolean,
): void {
  describe('attending to a command', () => {
    test('what goes in comes out, stdout and stderr apart, and with it the exit code', async () => {
      const attachment = await using().communicator.attach('id -u; cat; echo err >&2; exit 9');
      attachment.stdin.end('in\n');
      const [stdout, stderr, exitCode] = await Promise.all([text(attachment.stdout), text(attachment.stderr), attachment.ended]);
      expect({ stdout, stderr, exitCode }).toEqual({ stdout: '0\nin\n', stderr: 'err\n', exitCode: 9 });
    });

    test('10 MB go through it byte for byte', async () => {
      const sent = randomBytes(10 * MB);
      const attachment = await using().communicator.attach('cat');
      attachment.stdin.end(sent);
      const [stdout, , exitCode] = await Promise.all([buffer(attachment.stdout), text(attachment.stderr), attachment.ended]);
      expect(stdout.equals(sent)).toBe(true);
      expect(exitCode).toBe(0);
    });

    test('without input it ends', async () => {
      const attachment = await using().communicator.attach('cat; echo end');
      attachment.stdin.end();
      expect(await Promise.all([text(attachment.stdout), text(attachment.stderr), attachment.ended])).toEqual(['end\n', '', 0]);
    });

    test('it is ended with its children', async () => {
      const pidFile = `${using().folder}/attended`;
      const attachment = await using().communicator.attach(`sleep 1000 & echo $! $$ > ${quote(pidFile)}; wait`);
      attachment.stdout.resume();
      attachment.stderr.resume();
      attachment.stdin.end();
      const { communicator } = using();
      const { stdout: pids } = await communicator.execute(`until [ -s ${quote(pidFile)} ]; do sleep 0.05; done; cat ${quote(pidFile)}`);
      await attachment.end();
      for (const pid of pids.toString().trim().split(' ')) { await expectGone(communicator, pid); }
    });

    if (terminals) {
      test('in a terminal, it has one of the machine\'s own, of the size that it is given', async () => {
        const command = 'read -r line; echo "got $line"; tty; echo $TERM; until [ "$(stty size)" = "40 100" ]; do sleep 0.05; done; exit 4';
        const attachment = await using().communicator.attach(command, {
          terminal: { columns: 80, rows: 24, type: 'vt100' },
        });
        attachment.stdin.write('typed\n');
        let out = '';
        attachment.stderr.resume();
        attachment.stdout.on('data', (data: Buffer) => {
          out += data.toString();
          if (out.includes('vt100')) { attachment.resize({ columns: 100, rows: 40 }); }
        });
        expect(await attachment.ended).toBe(4);
        expect(out).toMatch(/typed\r\ngot typed\r\n\/dev\/pts\/\d+\r\nvt100\r\n/);
      });

      test('Ctrl-C in a terminal is for the command', async () => {
        const attachment = await using().communicator.attach('trap "echo caught; exit 3" INT; echo ready; while :; do sleep 0.1; done', {
          terminal: { columns: 80, rows: 24, type: 'vt100' },
        });
        let out = '';
        attachment.stderr.resume();
        attachment.stdout.on('data', (data: Buffer) => {
          if (!out.includes('ready') && data.includes('ready')) { attachment.stdin.write('\x03'); }
          out += data.toString();
        });
        expect(await attachment.ended).toBe(3);
        expect(out).toContain('caught');
      });
    }
  });
}
