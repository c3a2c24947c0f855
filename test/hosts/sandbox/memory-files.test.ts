import { execFileSync } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { memoryFiles } from '../../../lib/hosts/sandbox/memory-files';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'golden-memory-')); });
afterEach(() => rmSync(folder, { recursive: true }));

const write = (requirements: Parameters<typeof memoryFiles>[0]) => execFileSync('sh', ['-e'], { cwd: folder, input: memoryFiles(requirements) });
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const mode = (path: string) => statSync(join(folder, path)).mode & 0o777;

test('keys arrive as they are, the private one for root alone', () => {
  write({ authorizedKey: 'ssh-ed25519 AAAA it\'s "mine" $HOME', hostKey: { privateKey: '-----BEGIN\n%s\\n`id`\n-----END\n', publicKey: 'unused' } });
  expect(read('ssh/root')).toBe('ssh-ed25519 AAAA it\'s "mine" $HOME\n');
  expect(read('ssh/host_key')).toBe('-----BEGIN\n%s\\n`id`\n-----END\n');
  expect(mode('ssh/host_key')).toBe(0o600);
});

test('without keys the SSH server makes one in memory, and nobody is let in', () => {
  write({});
  expect(readdirSync(folder)).not.toContain('ssh');
  expect(read('units/ssh.service.d/90-golden.conf')).toContain('HostKey /run/sshd/golden_host_key');
});
