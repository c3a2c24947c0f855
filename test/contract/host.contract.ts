import { appendFileSync } from 'fs';
import { join } from 'path';
import type { Instruction } from '../../lib/plan/instructions';
import type { Plan } from '../../lib/plan/model';
import type { Communicator, CommunicatorFactory } from '../../lib/ports/communicator';
import type { Host, LaunchRequest, Machine } from '../../lib/ports/host';
import { hostContext, launchRequest, pause } from '../support/machine-plan';

export interface HostFixture {
  readonly host: Host;
  /** What reaches the machines of this host. */
  readonly communicators: CommunicatorFactory;
  /** The smallest plan that this host builds, with these instructions. */
  readonly plan: (instructions: readonly Instruction[]) => Plan;
  /** Whether it sees that a machine restarts by itself. Where it does not, the boot ID says so. @default true */
  readonly seesRestarts?: boolean;
  /** Removes all of it. */
  readonly destroy: () => Promise<void>;
}

const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id';

/** Makes the layers of each test its own: what a test saved is not found by the next one, nor by the next run. */
let turn = Date.now();

/** What every host promises. Runs against a real one. */
export function describeHost(name: string, makeFixture: () => Promise<HostFixture>): void {
  describe(`the ${name} host`, () => {
    const context = hostContext();
    const machines: Machine[] = [];
    let fixture: HostFixture;
    let host: Host;

    beforeAll(async () => {
      fixture = await makeFixture();
      ({ host } = fixture);
    });
    afterEach(async () => { await Promise.all(machines.splice(0).map((machine) => machine.destroy())); });
    afterAll(async () => fixture?.destroy());

    const request = () => launchRequest(host, fixture.plan([pause(turn++), pause(turn++)]), context);

    async function launch(what: LaunchRequest): Promise<{ machine: Machine; communicator: Communicator; sh: (command: string) => Promise<string> }> {
      const machine = await host.launch({ ...what, requirements: fixture.communicators.requirements }, context);
      machines.push(machine);
      const communicator = fixture.communicators.open(machine);
      await communicator.connect({ timeoutMs: 60_000 });
      const sh = async (command: string) => {
        const { stdout, stderr } = await communicator.execute(command);
        return (stdout.toString() + stderr.toString()).trim();
      };
      return { machine, communicator, sh };
    }

    /** Restarts a machine from inside, and comes back when it is over. */
    async function restart(machine: Machine, communicator: Communicator): Promise<void> {
      const bootId = async () => (await communicator.execute(BOOT_ID)).stdout.toString();
      const before = await bootId();
      await communicator.execute('systemctl reboot').catch(() => undefined);
      await machine.restarted(60_000);
      const deadline = Date.now() + 60_000;
      for (;;) {
        await communicator.connect({ timeoutMs: 60_000 });
        const now = await bootId().catch(() => before);
        if (now !== before) { return; }
        // What sees restarts says so only when they are over.
        if (fixture.seesRestarts !== false || Date.now() > deadline) { throw new Error('The machine did not restart'); }
      }
    }

    test('a source resolves to the same ID each time', async () => {
      const plan = fixture.plan([]);
      const first = await host.resolve(plan, context);
      expect(first).toEqual(await host.resolve(plan, context));
      expect(first.id).not.toBe('');
      expect(first.description).not.toBe('');
    });

    test('a machine runs commands as root, and its services really start', async () => {
      const { machine, sh } = await launch(await request());
      expect(await sh('id -u')).toBe('0');
      expect(machine.booted).toBe(true);
      await sh('printf "[Service]\\nExecStart=/bin/sleep 1000\\n" > /etc/systemd/system/demo.service && systemctl daemon-reload && systemctl start demo');
      expect(await sh('systemctl is-active demo')).toBe('active');
    });

    test('a restart keeps the disk, runs what is enabled, and is over when it says so', async () => {
      const { machine, communicator, sh } = await launch(await request());
      await sh('echo kept > /root/kept; echo gone > /run/gone; systemctl enable systemd-timesyncd 2>/dev/null');
      const before = await sh(BOOT_ID);

      await restart(machine, communicator);

      expect(await sh(BOOT_ID)).not.toBe(before);
      expect(await sh('cat /root/kept; ls /run/gone')).toMatch(/^kept\n.*No such file/);
    });

    test('the wait for a restart that does not come ends when it is interrupted', async () => {
      if (fixture.seesRestarts === false) { return; }
      const { machine, sh } = await launch(await request());
      const controller = new AbortController();
      const restarted = machine.restarted(60_000, controller.signal);
      controller.abort();
      await expect(restarted).rejects.toMatchObject({ kind: 'interrupted' });
      expect(await sh('echo here')).toBe('here');
    });

    test('two restarts in a row are two', async () => {
      const { machine, communicator, sh } = await launch(await request());
      for (const _ of [1, 2]) {
        await sh('echo again >> /root/boots');
        await restart(machine, communicator);
      }
      expect(await sh('cat /root/boots')).toBe('again\nagain');
    });

    test('a layer brings back all that was added, changed and removed before it, and nothing of what came after', async () => {
      // GIVEN
      const what = await request();
      const { machine, sh } = await launch(what);
      await sh(`
        cd /root; echo added > added; echo changed > /etc/issue; rm /etc/issue.net
        rm -r /etc/ssh/sshd_config.d; mkdir /etc/ssh/sshd_config.d; echo '# new' > /etc/ssh/sshd_config.d/new.conf
        ln added linked; ln -s nowhere dangling; chown 4242:4343 added; chmod 4751 added; mkdir -m 1770 sticky
        cp /bin/true capable; setcap cap_net_raw+ep capable; printf '\\377' > "$(printf '\\377')"; mv /usr/share/perl5 /usr/share/moved`);

      // WHEN
      await host.checkpoint(machine, what.keys.layers[1], context);
      await sh('echo later > /root/later');
      const again = await launch({ ...what, layer: await host.findLayer(what.keys) });

      // THEN
      expect(await again.sh('cd /root; ls later 2>&1 | grep -c "No such file"; cat added /etc/issue; ls /etc/issue.net 2>&1 | grep -c "No such"'))
        .toBe('1\nadded\nchanged\n1');
      expect(await again.sh('ls -A /etc/ssh/sshd_config.d')).toBe('new.conf');
      expect(await again.sh('stat -c "%a %u:%g %h" /root/added; stat -c %a /root/sticky; readlink /root/dangling')).toBe('4751 4242:4343 2\n1770\nnowhere');
      expect(await again.sh('getcap /root/capable; ls /root | LC_ALL=C grep -ac "$(printf "^\\377$")"; ls /usr/share/moved/* >/dev/null && ls -d /usr/share/perl5'))
        .toMatch(/^\/root\/capable cap_net_raw=ep\n1\n.*No such file/);
      // It goes on as if nothing had happened.
      expect(await sh('cat /root/later; systemctl is-system-running')).toBe('later\nrunning');
    });

    test('the deepest layer is found, and layers on layers hold what was done below', async () => {
      const what = await request();
      expect(await host.findLayer(what.keys)).toBe(0);
      const first = await launch(what);
      await first.sh('echo 1 > /root/one; echo 1 > /root/both');
      await host.checkpoint(first.machine, what.keys.layers[1], context);
      const second = await launch({ ...what, layer: 1 });
      await second.sh('echo 2 > /root/both; rm /root/one; echo 2 > /root/two');
      await host.checkpoint(second.machine, what.keys.layers[2], context);

      expect(await host.findLayer(what.keys)).toBe(2);
      const third = await launch({ ...what, layer: 2 });
      expect(await third.sh('cd /root; cat both two; ls one')).toMatch(/^2\n2\n.*No such file/);
      expect(host.checkpointSeconds).toBeGreaterThan(0);
    });

    test('a machine that ends by itself says so', async () => {
      const { machine, communicator } = await launch(await request());
      await communicator.execute('systemctl poweroff').catch(() => undefined);
      expect(await machine.lost).toContain('ended');
      await expect(communicator.execute('true')).rejects.toMatchObject({ code: 'connection-lost' });
      await expect(machine.restarted(5_000)).rejects.toThrow();
    });

    test('destroying does no harm after a stop, or twice', async () => {
      const { machine } = await launch(await request());
      await machine.stop(60_000);
      await machine.destroy();
      await machine.destroy();
    });

    test('collecting garbage takes nothing of a build that runs', async () => {
      const { sh } = await launch(await request());
      await host.collectGarbage(context);
      expect(await sh('echo alive')).toBe('alive');
    });

    test('an artifact is there once it is published, whole, and only then', async () => {
      // GIVEN
      const what = await request();
      const { machine, sh } = await launch(what);
      await sh('echo captured > /root/captured');
      await machine.stop(60_000);

      // WHEN
      const draft = await host.capture(machine, what, context);
      await machine.destroy();
      expect(await host.findArtifact(what.plan, what.keys)).toBeUndefined();
      const artifact = await host.publish(draft, { tool: 'test' }, context);

      // THEN
      expect(artifact).toMatchObject({ buildKey: what.keys.build, files: draft.files, manifest: { tool: 'test', definitionHash: what.plan.definitionHash } });
      expect(await host.findArtifact(what.plan, what.keys)).toEqual(artifact);
      const other = await request();
      expect(await host.findArtifact(other.plan, other.keys)).toBeUndefined();

      // AND a damaged one is none
      if (host.kind === 'sandbox') {
        appendFileSync(join(artifact.id, artifact.files[0].name), 'x');
        expect(await host.findArtifact(what.plan, what.keys)).toBeUndefined();
      }
    }, 180_000);

    test('a draft that is discarded is gone', async () => {
      const what = await request();
      const { machine } = await launch(what);
      await machine.stop(60_000);
      const draft = await host.capture(machine, what, context);
      await host.discard(draft);
      expect(await host.findArtifact(what.plan, what.keys)).toBeUndefined();
      await expect(host.publish(draft, {}, context)).rejects.toThrow();
    }, 180_000);
  });
}
