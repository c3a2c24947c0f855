import type { TimedEvent } from '../../lib/cli/reporting/reporter';
import type { BuildEvent } from '../../lib/ports/events';

/** The events of a build in which everything happens that can be shown. */
export function recordedBuild(image = 'Web/Image'): TimedEvent[] {
  const events: BuildEvent[] = [
    { type: 'build.started', host: 'sandbox', definitionHash: 'd'.repeat(64), instructions: 3 },
    { type: 'phase.started', phase: 'resolve' },
    { type: 'phase.finished', phase: 'resolve', seconds: 0.01 },
    { type: 'build.keyed', buildKey: 'b'.repeat(64), cached: 1 },
    { type: 'phase.started', phase: 'base', detail: 'Debian bookworm' },
    { type: 'phase.finished', phase: 'base', seconds: 72.4 },
    { type: 'instruction.cached', index: 0, origin: 'Packages' },
    { type: 'phase.started', phase: 'provision' },
    { type: 'instruction.started', index: 1, origin: 'Site', attempt: 1 },
    { type: 'instruction.output', index: 1, stream: 'stdout', text: 'copying\nhalf a li' },
    { type: 'instruction.output', index: 1, stream: 'stderr', text: '\x1b[31mwarning\x1b[0m\n' },
    { type: 'instruction.output', index: 1, stream: 'stdout', text: 'ne\nwithout an end' },
    { type: 'instruction.finished', index: 1, origin: 'Site', exitCode: 0, seconds: 1.24, ok: true },
    { type: 'layer.saved', key: 'k', after: 2, seconds: 0.3 },
    { type: 'instruction.started', index: 2, origin: 'Flaky', attempt: 2 },
    { type: 'instruction.finished', index: 2, origin: 'Flaky', exitCode: 7, seconds: 0.5, ok: false },
    { type: 'phase.finished', phase: 'provision', seconds: 2 },
    { type: 'notice', level: 'warning', message: 'the disk is nearly full' },
    { type: 'check.finished', phase: 'check', check: 'service nginx', attribute: 'running', outcome: 'passed', origin: 'Running' },
    {
      type: 'check.finished',
      phase: 'check',
      check: 'file /srv/index.html',
      attribute: 'mode',
      outcome: 'failed',
      message: 'expected to equal "0644", found "0600"',
      origin: 'Page',
    },
    { type: 'check.finished', phase: 'boot-test', check: 'file /srv/index.html', attribute: 'owner', outcome: 'skipped', origin: 'Page' },
    {
      type: 'build.finished',
      status: 'failed',
      definitionHash: 'd'.repeat(64),
      seconds: 80.2,
      error: { code: 'check-failed', kind: 'check', message: '1 check failed', hint: 'Look at the checks.', path: 'Web/Image/Page' },
    },
  ];
  return events.map((event) => ({ time: '2026-01-02T03:04:05.000Z', image, ...event }));
}

/** The last event of a build that went well. */
export const BUILT: BuildEvent = {
  type: 'build.finished',
  status: 'built',
  definitionHash: 'd'.repeat(64),
  buildKey: 'b'.repeat(64),
  seconds: 65.2,
  artifact: {
    id: 'golden.out/Web-Image/bbbbbbbbbbbbbbbb',
    files: [{ name: 'root.tar', bytes: 327577600, sha256: '1'.repeat(64) }, { name: 'disk.qcow2', bytes: 512, sha256: '2'.repeat(64) }],
  },
};
