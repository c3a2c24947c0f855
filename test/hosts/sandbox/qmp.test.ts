import { PassThrough } from 'stream';
import { Qmp } from '../../../lib/hosts/sandbox/qmp';

describe('talking to QEMU', () => {
  const fromQemu = () => new PassThrough();

  test('answers find their questions, whatever comes in between', async () => {
    const [from, to] = [fromQemu(), new PassThrough()];
    const events: string[] = [];
    const qmp = new Qmp(from, to, (event) => events.push(event));
    const [first, second] = [qmp.execute('query-status'), qmp.monitor('info usernet')];
    from.write('{"QMP": {}}\n{"event": "RESET", "data": {}}\n{"return": "text", "id": 2}\n{"ret');
    from.write('urn": {"status": "running"}, "id": 1}\n');
    expect(await first).toEqual({ status: 'running' });
    expect(await second).toBe('text');
    expect(events).toEqual(['RESET']);
    expect(String(to.read()).split('\n').slice(0, 2).map((line) => JSON.parse(line))).toEqual([
      { execute: 'query-status', arguments: {}, id: 1 },
      { execute: 'human-monitor-command', arguments: { 'command-line': 'info usernet' }, id: 2 },
    ]);
  });

  test('a refusal is an error with QEMU\'s own words', async () => {
    const from = fromQemu();
    const refused = new Qmp(from, new PassThrough(), () => undefined).execute('eject');
    from.write('{"error": {"class": "GenericError", "desc": "no such device"}, "id": 1}\n');
    await expect(refused).rejects.toMatchObject({ code: 'qemu-refused', message: expect.stringContaining('no such device') });
  });

  test('questions that QEMU\'s end leaves open are told, and so are later ones', async () => {
    const from = fromQemu();
    const qmp = new Qmp(from, new PassThrough(), () => undefined);
    const open = qmp.execute('query-status');
    from.end();
    await expect(open).rejects.toMatchObject({ code: 'machine-lost' });
    await expect(qmp.execute('query-status')).rejects.toMatchObject({ code: 'machine-lost' });
  });
});
