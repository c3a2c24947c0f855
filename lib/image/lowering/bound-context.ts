import { posix } from 'path';
import { Duration } from 'aws-cdk-lib';
import type { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { Check } from '../checks/check';
import type { OsFamily } from '../os-family';
import { Author } from './author';
import { downloadScript } from './download';
import type { Draft } from './draft';
import { climbs } from './forms';
import { lateFileInstructions } from './late-file';
import { holdsTokens } from './late-text';
import { localInstruction } from './local';
import { absolutePath, putInstruction } from './put';
import { shellInstructions } from './shell';
import type { DownloadProps } from '../provisioners/download-props';
import type { FetchProps } from '../provisioners/fetch-props';
import type { FileProps } from '../provisioners/file-props';
import type { LocalProps } from '../provisioners/local-props';
import { ProvisionerContext, type IProvisioner } from '../provisioners/provisioner-context';
import type { RebootOptions } from '../provisioners/provisioner-options';
import type { ShellProps } from '../provisioners/shell-props';

/** What all provisioners of one image have in common. */
export interface Binding {
  readonly image: Construct;
  readonly architecture: InstanceArchitecture;
  readonly osFamily: OsFamily;
  readonly draft: Draft;
  /** Everything that is wrong with one construct of the image, for CDK's validation. */
  messagesOf(path: string): string[];
}

/** Makes a provisioner a construct, and lets it say what it does. */
export function bindProvisioner(parent: Construct, provisioner: IProvisioner, binding: Binding): void {
  binding.draft.assertOpen();
  const scope = new Construct(parent, freeId(parent, provisioner.id || className(provisioner)));
  // Each construct reports its own faults, so that CDK prints the path of the one to look at.
  scope.node.addValidation({ validate: () => binding.messagesOf(scope.node.path) });
  binding.draft.authors.add(scope.node.path);
  provisioner.bind(scope, new BoundContext(scope, binding));
}

/** Lowers everything that a provisioner can do to instructions of the plan. */
class BoundContext extends ProvisionerContext {
  readonly architecture: InstanceArchitecture;
  readonly osFamily: OsFamily;
  private readonly author: Author;

  constructor(private readonly scope: Construct, private readonly binding: Binding) {
    super();
    this.architecture = binding.architecture;
    this.osFamily = binding.osFamily;
    this.author = new Author(binding.draft, binding.image, scope);
  }

  run(props: ShellProps): void {
    shellInstructions(props, this.author).forEach((instruction) => this.author.add(instruction));
  }

  put(props: FileProps): void {
    const instruction = putInstruction(props, this.author);
    if (!instruction) { return; }
    const text = 'text' in instruction.content ? instruction.content.text : '';
    const instructions = holdsTokens(text) ? lateFileInstructions(instruction, text, this.author) : [instruction];
    instructions.forEach((one) => this.author.add(one));
  }

  download(props: DownloadProps): void {
    const script = downloadScript(props, this.author);
    if (script) { this.run(script); }
  }

  fetch(props: FetchProps): void {
    const destination = props.destination ?? posix.basename(props.source);
    if (destination === '' || destination.startsWith('/') || climbs(destination)) {
      this.author.fault('invalid-destination', `${JSON.stringify(destination)} is not a path below the output`, 'Give a relative path without .. in it.');
    }
    const source = absolutePath(props.source, this.author, 'source');
    if (source !== undefined) { this.author.add({ type: 'get', source, destination, origin: this.author.origin }); }
  }

  local(props: LocalProps): void {
    const instruction = localInstruction(props, this.author);
    if (instruction) { this.author.add(instruction); }
  }

  reboot(options: RebootOptions = {}): void {
    const timeoutSeconds = Math.max(1, this.author.seconds(options.timeout ?? Duration.minutes(10)));
    this.author.add({ type: 'reboot', timeoutSeconds, origin: this.author.origin });
  }

  pause(duration: Duration): void {
    this.author.add({ type: 'pause', seconds: this.author.seconds(duration), origin: this.author.origin });
  }

  checkpoint(): void {
    this.author.checkpoint();
  }

  checkNow(...checks: Check[]): void {
    if (checks.length === 0) { this.author.fault('empty-provisioner', 'It has nothing to check', 'Give a check, or leave the provisioner out.'); }
    this.author.add({ type: 'check', checks: this.author.checks(checks), origin: this.author.origin });
  }

  addCheck(...checks: Check[]): void {
    this.author.addChecks(checks);
  }

  apply(...provisioners: IProvisioner[]): void {
    provisioners.forEach((provisioner) => bindProvisioner(this.scope, provisioner, this.binding));
  }

  claim(thing: string): void {
    this.author.claim(thing);
  }

  addFault(message: string, hint?: string): void {
    this.author.fault('invalid-provisioner', message, hint);
  }
}

/** `Shell`, `Shell2`, `Shell3`: stable as long as the provisioners of one kind keep their order. */
function freeId(parent: Construct, wanted: string): string {
  let id = wanted;
  for (let number = 2; parent.node.tryFindChild(id.replace(/\//g, '--')); number++) { id = `${wanted}${number}`; }
  return id;
}

/** An object literal, or a class of another language, has no name worth showing. */
function className(provisioner: IProvisioner): string {
  const name = provisioner.constructor.name;
  return name === '' || name === 'Object' ? 'Provisioner' : name;
}
