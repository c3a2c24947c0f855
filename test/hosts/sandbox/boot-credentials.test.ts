import { bootCredentials } from '../../../lib/hosts/sandbox/boot-credentials';

/** The lines that systemd-tmpfiles gets, with their content in the clear. */
function tmpfiles(credential: string): string[] {
  const lines = decode(credential.replace(/^io\.systemd\.credential\.binary:tmpfiles\.extra=/, '')).trimEnd().split('\n');
  return lines.map((line) => line.replace(/\S+$/, (content) => (content === '-' ? '-' : JSON.stringify(decode(content)))));
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

test('keys become files before the SSH server starts, and the image\'s own authorised keys stay', () => {
  const credential = bootCredentials({ authorizedKey: 'ssh-ed25519 AAAA', hostKey: { privateKey: 'PRIVATE\n', publicKey: 'ssh-ed25519 BBBB' } });
  expect(tmpfiles(credential)).toEqual([
    'f+~ /etc/ssh/ssh_host_ed25519_key 0600 root root - "PRIVATE\\n"',
    'f+~ /etc/ssh/ssh_host_ed25519_key.pub 0644 root root - "ssh-ed25519 BBBB\\n"',
    'd /root/.ssh 0700 root root - -',
    'f /root/.ssh/authorized_keys 0600 root root - -',
    'w+~ /root/.ssh/authorized_keys - - - - "\\nssh-ed25519 AAAA\\n"',
  ]);
});

test('without requirements nothing is written', () => {
  expect(tmpfiles(bootCredentials({}))).toEqual(['']);
});
