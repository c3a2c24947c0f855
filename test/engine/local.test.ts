import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { declareImage } from '../image/declaration';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench } from '../support/test-build';

(canStartMachines ? describe : describe.skip)('Provisioner.local', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  const build = (props: Partial<AmiImageProps>) => bench.build(declareImage(props)._plan());

  test('runs where the build runs, not on the machine, between what stands before and after it', async () => {
    const { outcome, events } = await build({
      provisioners: [
        Provisioner.shell({ inline: ['echo made >/srv/made', 'ls /srv'] }),
        // No shell of ours between: words arrive as they are.
        Provisioner.local({
          command: ['sh', '-c', 'pwd; echo "$1 $GREETING"; [ "$(id -u)" = "$2" ] && [ ! -e /srv/made ] && echo here', 'sh', 'a  $b', String(process.getuid!())],
          environment: { GREETING: 'it\'s' },
        }),
        Provisioner.shell({ inline: ['cat /srv/made'] }),
      ],
    });

    expect(outcome.status).toBe('built');
    const outputs = events.flatMap((event) => (event.type === 'instruction.output' ? [event] : []));
    expect([0, 1, 2].map((index) => outputs.filter((event) => event.index === index).map(({ text }) => text).join('')))
      .toEqual(['made\n', `${bench.folder}\na  $b it's\nhere\n`, 'made\n']);
  });

  test('fails the build where its command fails, with the path of its construct', async () => {
    const { outcome } = await build({ provisioners: [Provisioner.local({ command: ['sh', '-c', 'echo no release here >&2; exit 4'] })] });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'instruction-failed', path: 'Stack/Image/Local' } });
    expect(outcome.error!.message).toContain('ended with exit code 4:\n  no release here');
  });
});
