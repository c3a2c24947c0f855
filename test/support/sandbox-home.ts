import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { TEST_HOME } from './machine-plan';

/** A state folder of a suite's own, which shares nothing but the bases: what is left in it, the suite has left. */
export function sandboxHome(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'golden-home-'));
  const bases = join(TEST_HOME, 'sandbox', 'bases');
  mkdirSync(bases, { recursive: true });
  mkdirSync(join(folder, 'sandbox'));
  symlinkSync(bases, join(folder, 'sandbox', 'bases'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
