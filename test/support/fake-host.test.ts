import { existsSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { canStartMachines, type ChrootMachine } from './chroot-machine';
import { FakeHost } from './fake-host';
import { hostContext } from './machine-plan';
import { samplePlan } from './sample-plan';

(canStartMachines ? describe : describe.skip)('the fake host', () => {
  const host = new FakeHost();
  const plan = samplePlan();
  const keys = { layers: ['source', 'a', 'b'], build: 'build' };
  const context = hostContext();
  const launch = (layer: number) =>
    host.launch({ plan, source: { id: 's', description: '' }, keys, layer, requirements: {} }, context) as Promise<ChrootMachine>;
  afterAll(() => host.dispose());

  test('keeps the disk of a machine in a layer, and starts the next one from it', async () => {
    const first = await launch(0);
    writeFileSync(join(first.root, 'etc/motd'), 'kept');
    await host.checkpoint(first, 'a', context);
    writeFileSync(join(first.root, 'etc/motd'), 'later');
    expect(await host.findLayer(keys)).toBe(1);
    const second = await launch(1);
    expect(readFileSync(join(second.root, 'etc/motd'), 'utf8')).toBe('kept');
    expect(host.machines.size).toBe(2);
    await first.destroy();
    await second.destroy();
    expect(host.machines.size).toBe(0);
    expect(existsSync(first.root)).toBe(false);
  });

  test('publishes a draft once, under its key', async () => {
    const machine = await launch(0);
    await machine.stop();
    const draft = await host.capture(machine, { plan, keys }, context);
    expect(host.drafts.size).toBe(1);
    expect(await host.findArtifact(plan, keys)).toBeUndefined();
    await host.publish(draft, { a: 1 }, context);
    expect(host.drafts.size).toBe(0);
    expect((await host.findArtifact(plan, keys))?.manifest).toEqual({ a: 1 });
    await machine.destroy();
  });

  test('does what a test wants in the middle of an act, and tells the acts in order', async () => {
    host.acts.splice(0);
    host.during = (act) => { if (act === 'launch') { throw new Error('not now'); } };
    await expect(launch(0)).rejects.toThrow('not now');
    expect(host.acts).toEqual(['launch 0']);
    host.during = () => undefined;
  });

  test('tells the loss of a machine that nobody stopped', async () => {
    const machine = await launch(0);
    await machine.crash();
    expect(await machine.lost).toBe('it was killed');
    await machine.destroy();
  });
});
