import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { bootPoint, isOfDisk } from '../../lib/engine/booted-work';
import type { Check } from '../../lib/plan/checks';
import { putOf, runOf } from '../support/bundle-machine';

const assets = mkdtempSync(join(tmpdir(), 'golden-assets-'));
afterAll(() => rmSync(assets, { recursive: true }));

const check = (type: Check['type'], attributes: Check['attributes']): Check => ({ type, resource: 'x', attributes, origin: '' });
const wordIn = (script: string) => bootPoint([runOf(script)], assets)?.reason.replace(/.* calls for /, '');

describe('a booted machine is needed', () => {
  test.each([
    ['systemctl restart nginx', 'systemctl'],
    ['nginx -t\nsystemctl reload nginx', 'systemctl'],
    ['systemctl enable --now nginx', 'systemctl'],
    ['systemctl enable nginx && systemctl start nginx', 'systemctl'],
    ['service nginx restart', 'service'],
    ['if true; then service nginx status; fi', 'service'],
    ['/etc/init.d/cron stop', '/etc/init.d/'],
    ['hostnamectl set-hostname web', 'hostnamectl'],
    ['curl http://localhost:8080/', 'localhost'],
    ['until curl 127.0.0.1; do sleep 1; done', '127.0.0.1'],
  ])('by %j', (script, word) => expect(wordIn(script)).toBe(word));

  test.each([
    'apt-get install -y nginx',
    'systemctl enable nginx',
    'systemctl --quiet mask apt-daily.timer',
    '# systemctl start nginx comes later\ntrue',
    'useradd --system web-service',
    'echo "service = on" > /etc/thing.conf',
    'if [ -d /run/systemd/system ]; then systemctl start nginx; fi',
  ])('not by %j', (script) => expect(wordIn(script)).toBeUndefined());

  test('by a restart, by a script that may restart the machine, and by checks of what runs', () => {
    const reasons = [
      { type: 'reboot', timeoutSeconds: 60, origin: 'Reboot' } as const,
      runOf('true', { expectDisconnect: true, origin: 'Upgrade' }),
      { type: 'check', checks: [check('file', { exists: true }), check('port', { listening: true })], origin: 'Check' } as const,
    ].map((instruction) => bootPoint([putOf('x', '/x'), instruction], assets));
    expect(reasons).toEqual([
      { index: 1, reason: 'instruction 2 (Reboot) restarts the machine' },
      { index: 1, reason: 'instruction 2 (Upgrade) may restart the machine' },
      { index: 1, reason: 'instruction 2 (Check) checks a port' },
    ]);
  });

  test('by what a script that is a file says', () => {
    const asset = 'a'.repeat(64);
    writeFileSync(join(assets, asset), '#!/bin/sh\njournalctl --rotate\n');
    expect(bootPoint([runOf('', { script: { asset, kind: 'file' } })], assets)?.reason).toContain('calls for journalctl');
  });
});

test('checks of files, packages, users, groups and links of services are of the disk; those of what runs are not', () => {
  const ofDisk = [
    check('file', { exists: true }), check('package', { installed: true }), check('user', { exists: true }), check('group', { exists: true }),
    check('service', { enabled: true }), check('service', { enabled: true, running: true }), check('port', { listening: true }),
    check('process', { running: true }), check('command', { 'exit-status': 0 }),
  ].map(isOfDisk);
  expect(ofDisk).toEqual([true, true, true, true, true, false, false, false, false]);
});
