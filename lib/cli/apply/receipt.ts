import { randomBytes } from 'crypto';
import { mkdirSync, renameSync, writeFileSync } from 'fs';
import { join } from 'path';
import { digestOf } from '../../plan/canonical-json';
import type { Plan } from '../../plan/model';

/**
 * Writes what the CDK uploads for an image, and returns the path: the AMI's ID and no more. The CDK takes an object of up to 22
 * bytes for missing, so that it asks again at each deployment, and a deregistered image is built anew.
 */
export function writeReceipt(stateFolder: string, { definitionHash, target }: Plan, imageId: string): string {
  const folder = join(stateFolder, 'receipts');
  const path = join(folder, digestOf({ definitionHash, target }).slice(0, 32));
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(draft, imageId, { mode: 0o600 });
  renameSync(draft, path);
  return path;
}
