import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import type { BaseSpec } from '../../../lib/hosts/sandbox/base-spec';
import { BaseStore } from '../../../lib/hosts/sandbox/base-store';
import { SandboxFolder } from '../../../lib/hosts/sandbox/sandbox-folder';
import type { BuildEvent } from '../../../lib/ports/events';
import { hostContext } from '../../support/machine-plan';

let folder: string;
let server: Server;
let requests: number;
let onRequest: () => void;
let spec: BaseSpec;
let sandbox: SandboxFolder;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'golden-bases-'));
  writeFileSync(join(folder, 'file'), 'of the base');
  const tar = execFileSync('tar', ['-C', folder, '-c', 'file']);
  requests = 0;
  onRequest = () => undefined;
  server = createServer((_, response) => { requests++; onRequest(); response.end(tar); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sandbox = new SandboxFolder(join(folder, 'state'));
  spec = {
    id: 'e'.repeat(64),
    description: 'a base',
    architecture: 'x86_64',
    source: {
      type: 'rootTar', location: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sha256: createHash('sha256').update(tar).digest('hex'),
    },
  };
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const content = () => readFileSync(join(sandbox.bases, spec.id, 'root', 'file'), 'utf8');

test('a base is built once, and its building is reported', async () => {
  const events: BuildEvent[] = [];
  const store = new BaseStore(sandbox);
  const context = hostContext({ report: (event) => events.push(event) });
  await store.prepare(spec, context);
  await store.prepare(spec, context);
  expect(content()).toBe('of the base');
  expect(requests).toBe(1);
  expect(events.map(({ type }) => type)).toEqual(['phase.started', 'phase.finished']);
});

test('images that are built side by side share the building of their base', async () => {
  await Promise.all([new BaseStore(sandbox).prepare(spec, hostContext()), new BaseStore(sandbox).prepare(spec, hostContext())]);
  expect(requests).toBe(1);
});

test('where the one that builds it is called off, the other one builds it', async () => {
  const controller = new AbortController();
  onRequest = () => { if (requests === 1) { controller.abort(); } };
  const first = new BaseStore(sandbox).prepare(spec, hostContext({ signal: controller.signal }));
  const second = new BaseStore(sandbox).prepare(spec, hostContext());
  await expect(first).rejects.toThrow();
  await second;
  expect(content()).toBe('of the base');
});

test('where another process was faster, its base stays as it is', async () => {
  onRequest = () => {
    mkdirSync(join(sandbox.bases, spec.id, 'root'), { recursive: true });
    writeFileSync(join(sandbox.bases, spec.id, 'root', 'file'), 'of the other process');
  };
  await new BaseStore(sandbox).prepare(spec, hostContext());
  expect(content()).toBe('of the other process');
  expect(readdirSync(sandbox.bases)).toEqual([spec.id]);
});

test('one that fails leaves nothing, and the intent was recorded before', async () => {
  const acts: string[] = [];
  const wrong = { ...spec, source: { ...spec.source, sha256: '0'.repeat(64) } as BaseSpec['source'] };
  const context = hostContext({ intend: async (act, { folder: draft }) => { acts.push(act, String(draft)); } });
  await expect(new BaseStore(sandbox).prepare(wrong, context)).rejects.toMatchObject({ code: 'wrong-checksum' });
  expect(acts).toEqual(['build-base', expect.stringContaining(`${sandbox.bases}/.draft-`)]);
  expect(readdirSync(sandbox.bases)).toEqual([]);
});
