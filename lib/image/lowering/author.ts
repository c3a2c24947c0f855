import { Token, type Duration } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import { CHECK_ATTRIBUTES, describeCheck, type Check as PlanCheck } from '../../plan/checks';
import type { Instruction } from '../../plan/instructions';
import type { Check } from '../checks/check';
import type { FileSource } from '../file-source';
import { ParameterRef } from '../parameter-ref';
import type { SecretRef } from '../secret-ref';
import { readContent, type Content } from './content';
import type { Draft } from './draft';
import { References } from './references';

/** One construct that writes into the draft of its image: what it writes carries its path. */
export class Author {
  /** Path of the construct. */
  readonly path: string;
  /** Path of the construct below the image; empty for the image itself. */
  readonly origin: string;

  private readonly references: References;

  constructor(private readonly draft: Draft, image: Construct, scope: IConstruct) {
    this.path = scope.node.path;
    this.origin = this.path.slice(image.node.path.length + 1);
    this.references = new References(draft, image, (...fault) => this.fault(...fault));
  }

  fault(code: string, message: string, hint?: string): void {
    this.draft.assertOpen();
    this.draft.faults.push({ code, message, hint, path: this.path });
  }

  /** Records a fault unless the text has the form. CDK tokens are reported by the finished definition, all at once. */
  expectForm(form: RegExp, text: string, code: string, message: string, hint: string): void {
    if (!Token.isUnresolved(text) && !form.test(text)) { this.fault(code, message, hint); }
  }

  add(instruction: Instruction): void {
    this.draft.assertOpen();
    this.draft.instructions.push(instruction);
  }

  /** After the last instruction; before the first one the disk is the source itself. */
  checkpoint(): void {
    this.draft.assertOpen();
    if (this.draft.instructions.length > 0) { this.draft.checkpoints.add(this.draft.instructions.length - 1); }
  }

  claim(thing: string): void {
    this.draft.assertOpen();
    const owner = this.draft.claim(thing, this.path);
    if (owner !== undefined) {
      this.fault('duplicate-name', `${thing} is declared already, by ${owner}`, 'Declare it once, or give it another name.');
    }
  }

  /** What a file source holds. Undefined: it cannot be read, and a fault says why. */
  content(source: FileSource): Content | undefined {
    return readContent(source, (...fault) => this.fault(...fault), (digest, path) => this.draft.assets.set(digest, path));
  }

  /** The name that the plan knows a late-bound value by. Undefined: it cannot be read, and a fault says why. */
  parameter(ref: ParameterRef, field: string): string | undefined {
    return this.references.parameter(ref, field);
  }

  /** The name that the plan knows something by that another stack says. Undefined: it cannot be read, and a fault says why. */
  lateText(text: string, field: string, part = false): string | undefined {
    return this.references.parameter(ParameterRef.value(text), field, part);
  }

  /** The name that the plan knows a secret by. Undefined: it cannot be read, and a fault says why. */
  secret(ref: SecretRef, field: string): string | undefined {
    return this.references.secret(ref, field);
  }

  /** Whole seconds, rounded up. */
  seconds(duration: Duration): number {
    if (duration.isUnresolved()) {
      this.fault('token', 'A duration holds a CDK token, which has no value before the deployment', 'Give it as a plain value.');
      return 1;
    }
    return Math.ceil(duration.toSeconds({ integral: false }));
  }

  /** Checks as data; a check that cannot be one is a fault instead. */
  checks(checks: readonly Check[]): PlanCheck[] {
    this.draft.assertOpen();
    return checks.flatMap((check) => {
      const data = { type: check._type, resource: check._resource, attributes: check._attributes, origin: this.origin } as PlanCheck;
      if (!Object.hasOwn(CHECK_ATTRIBUTES, check._type)) {
        this.fault('unknown-check', `There is no check of type ${check._type}`, `Types are ${Object.keys(CHECK_ATTRIBUTES).join(', ')}.`);
        return [];
      }
      this.expectCheckForms(data);
      return [data];
    });
  }

  /** Adds checks of the finished machine. Results are told apart by type and resource, so each may be there once. */
  addChecks(checks: readonly Check[]): void {
    for (const check of this.checks(checks)) {
      const twin = this.draft.checks.find((other) => other.type === check.type && other.resource === check.resource);
      if (twin) { this.fault('duplicate-check', `${describeCheck(check)} is checked twice`, 'Put all attributes into one check.'); }
      this.draft.checks.push(check);
    }
  }

  private expectCheckForms(check: PlanCheck): void {
    const name = describeCheck(check);
    if (check.resource.trim() === '') { this.fault('empty-name', `A check of type ${check.type} does not say what it is about`, 'Name it.'); }
    if (Object.keys(check.attributes).length === 0) { this.fault('empty-check', `${name} expects nothing`, 'Give at least one attribute.'); }
    const { mode } = check.attributes;
    if (check.type === 'file' && typeof mode === 'string') {
      this.expectForm(/^[0-7]{4}$/, mode, 'invalid-mode', `${name}: ${mode} is not the mode of a file`, 'Give four octal digits, such as 0644.');
    }
    if (check.type === 'file') {
      this.expectForm(/^\//, check.resource, 'relative-path', `${name}: the path is relative`, 'Give an absolute path.');
    }
    if (check.type === 'port') {
      const form = /^((tcp|udp)6?:)?[0-9]{1,5}$/;
      this.expectForm(form, check.resource, 'invalid-port', `${name}: that is not a port`, 'Give one such as tcp:80, tcp6:80 or udp:53.');
    }
  }
}
