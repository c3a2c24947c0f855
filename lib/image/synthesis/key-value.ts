import { Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { LateReader } from './late-values';
import type { LateValue } from '../../plan/values';

/** A key as EC2 takes it: its ARN, or its ID or alias where only that is known, as of one that was looked up. */
export function keyValue(key: IKey, field: string, read: LateReader): LateValue | undefined {
  return read(Token.isUnresolved(key.keyArn) && !Token.isUnresolved(key.keyId) ? key.keyId : key.keyArn, field);
}
