import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Draft } from './draft';
import type { ParameterSpec } from '../../plan/model';
import type { NamedByOutputReference, ValueReference } from '../../plan/values';
import type { ParameterRef } from '../parameter-ref';
import type { SecretRef } from '../secret-ref';
import { lateReader, type LateWords, type ReadLater } from '../synthesis/late-values';

const OF_A_SCRIPT: LateWords = { plain: 'value', instead: 'or give it a name of your own, and write that name here in place of the token.' };

/** Puts what is read when an image is built into its definition, by name. */
export class References {
  constructor(
    private readonly draft: Draft,
    private readonly image: Construct,
    private readonly fault: (code: string, message: string, hint?: string) => void,
  ) {}

  /**
   * The name that the plan knows a late-bound value by. Undefined: it cannot be read, and a fault says why.
   * @param part whether the field holds more than this
   */
  parameter(ref: ParameterRef, field: string, part = false): string | undefined {
    const { _kind: kind, _reference: reference, _type: type } = ref;
    if (kind === 'value') { return this.value(type, this.read(reference, field, part)); }
    if (kind === 'ssm' && Token.isUnresolved(reference)) {
      const from = this.namedByOutput('ssm', reference, `The name of the parameter ${field}`);
      return from && this.addParameter(this.draft.lateName('value', from), { type, from });
    }
    if (!this.isName('parameter', reference)) { return undefined; }
    return this.addParameter(`${kind}:${reference}`, { type, from: { type: kind, name: reference } });
  }

  /** The name that the plan knows a secret by. Undefined: it cannot be read, and a fault says why. */
  secret(ref: SecretRef, field: string): string | undefined {
    const { _kind: kind, _reference: reference, _key: key } = ref;
    if (kind !== 'environment' && Token.isUnresolved(reference)) {
      const from = this.namedByOutput(kind, reference, `The name of the secret ${field}`, key);
      return from && this.addSecret(this.draft.lateName('secret', from), from);
    }
    if (!this.isName('secret', reference)) { return undefined; }
    const from: ValueReference = kind === 'secretsManager' ? { type: kind, id: reference, key } : { type: kind, name: reference };
    return this.addSecret(`${kind}:${reference}${key === undefined ? '' : `#${key}`}`, from);
  }

  private value(type: ParameterSpec['type'], from: ReadLater | undefined): string | undefined {
    switch (from?.type) {
      case 'ssm': return this.addParameter(`ssm:${from.name}`, { type, from });
      case 'stackOutput': return this.addParameter(this.draft.lateName('value', from), { type, from });
      default: return undefined;
    }
  }

  private namedByOutput(service: NamedByOutputReference['service'], name: string, field: string, key?: string): NamedByOutputReference | undefined {
    const id = this.read(name, field);
    if (id?.type === 'stackOutput') { return { type: 'namedByOutput', service, id, key }; }
    if (id) { this.fault('token', `${field} is itself kept in an SSM parameter`, 'Give it as it is in the stack that declares it, or by plain text.'); }
    return undefined;
  }

  private read(text: string, field: string, part = false): ReadLater | undefined {
    return lateReader(this.image, ({ code, message, hint }) => this.fault(code, message, hint), OF_A_SCRIPT)(text, field, part);
  }

  private isName(kind: string, reference: string): boolean {
    if (Token.isUnresolved(reference)) {
      this.fault('token', `The name of a ${kind} holds a CDK token, which has no value before the deployment`, 'Name it by plain text.');
      return false;
    }
    if (reference.trim() === '') { this.fault('empty-name', `The name of a ${kind} is empty`, 'Name what it is read from.'); }
    return true;
  }

  private addParameter(name: string, spec: ParameterSpec): string {
    const full = spec.type === 'string' ? name : `${name}:${spec.type}`;
    this.draft.parameters[full] = spec;
    return full;
  }

  private addSecret(name: string, from: ValueReference): string {
    this.draft.secrets[name] = { from };
    return name;
  }
}
