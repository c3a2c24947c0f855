import {
  CfnOutput, CfnParameter, DefaultTokenResolver, Names, Reference, Stack, Stage, Token, Tokenization, type IPostProcessor, type IResolvable,
  type IResolveContext,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Fault } from '../../errors';
import { digestOf } from '../../plan/canonical-json';
import type { EnvironmentReference, LateValue, SecretsManagerReference } from '../../plan/values';
import { deployAfter, outermostStack } from '../delivery/stacks';

const NOT_YET = 'Declare it in another stack of the app, which is then deployed before the image is built; ';
const OTHER_TOKEN = 'Take it as it is from a construct of another stack, from an SSM parameter (StringParameter.valueForStringParameter), or by its plain ';
/** How a secret gets into a script. */
export const SECRET_HINT = 'Give it to the script as a secret: secrets: { NAME: SecretRef.secretsManager(...) }. It is then read when the image is built.';

/** What a token can come to. */
export type ReadLater = Exclude<LateValue, SecretsManagerReference | EnvironmentReference>;

/**
 * Reads something of the account for the plan. Undefined: it cannot be there when the image is built, and a fault says why.
 * @param part whether the field holds more than this
 */
export type LateReader = (value: string, field: string, part?: boolean) => ReadLater | undefined;

/** What to do instead, in the words of who asks. */
export interface LateWords {
  /** What an account calls such a thing. */
  readonly plain: string;
  /** Begins with "or". */
  readonly instead: string;
}

const OF_THE_NETWORK: LateWords = {
  plain: 'ID', instead: 'or look it up or import it by its ID, as by Vpc.fromLookup or Vpc.fromVpcAttributes.',
};

/**
 * Reads what may be known only when the image is built. A token of another stack becomes an output of that stack, which has
 * to be deployed first.
 */
export function lateReader(image: Construct, report: (fault: Fault) => void, words: LateWords = OF_THE_NETWORK): LateReader {
  return (value, field, part = false) => {
    if (!Token.isUnresolved(value)) { return { type: 'literal', value }; }
    const refuse = (message: string, hint: string, code = 'token') => {
      report({ code, message, hint, path: image.node.path });
      return undefined;
    };
    const token = onlyToken(value);
    const parameter = token && (dynamicReference(resolved(image, token)) ?? parameterOf(image, token));
    if (parameter !== undefined) { return { type: 'ssm', name: parameter }; }
    const { references, shape } = referencesIn(image, value);
    if (/\{\{resolve:(secretsmanager|ssm-secure):/.test(shape)) {
      return refuse(`${field} holds the value of a secret, which a plan must not`, SECRET_HINT, 'secret');
    }
    const foreign = references.filter((reference) => !isPseudo(resolved(image, reference)));
    if (foreign.length === 0 || foreign.length < references.length || shape.includes('"AWS::')) {
      return refuse(`${field} holds a CDK token that nobody can read before the deployment`, `${OTHER_TOKEN}${words.plain}.`);
    }
    return fromOtherStack(image, { value, shape, references }, { field, whole: token !== undefined && !part, ...words }, refuse);
  };
}

type Refuse = (message: string, hint: string) => undefined;

/** A value with tokens, and what it refers to. */
interface Referring {
  readonly value: string;
  /** What it is made of, as text that is the same in every synthesis. */
  readonly shape: string;
  readonly references: readonly Reference[];
}

interface Asked extends LateWords {
  readonly field: string;
  /** Whether there is nothing around it. */
  readonly whole: boolean;
}

function fromOtherStack(image: Construct, referring: Referring, { field, whole, plain, instead }: Asked, refuse: Refuse): ReadLater | undefined {
  const own = outermostStack(image);
  const [first] = [...referring.references.filter(({ target }) => outermostStack(target) === own), ...referring.references];
  const owner = outermostStack(first.target);
  const name = `${field} ${whole ? 'is' : 'holds'} ${first.target.node.path}`;
  if (owner === own) { return refuse(`${name}, of the image's own stack: that is deployed after the image is built`, `${NOT_YET}${instead}`); }
  if (Stage.of(owner) !== Stage.of(own)) {
    return refuse(`${name}, of another stage`, `Take it from a stack of the same stage, or by its plain ${plain}.`);
  }
  if (differ(owner.account, own.account)) {
    return refuse(`${name}, of the account ${owner.account}; the image is built in ${own.account}`, 'Take one of the account that builds.');
  }
  const other = referring.references.find(({ target }) => outermostStack(target) !== owner);
  if (other) {
    return refuse(`${name}, and ${other.target.node.path} of another stack`, 'Give each a variable of its own, and put them together in the script.');
  }
  if (!deployAfter(own, owner, `${image.node.path} is built in what it declares`)) {
    return refuse(`${name}, of a stack that needs the image's own stack`, `${NOT_YET}${instead}`);
  }
  const region = Token.isUnresolved(owner.region) || owner.region === own.region ? undefined : owner.region;
  return { type: 'stackOutput', stack: owner.stackName, output: outputOf(owner, referring), region };
}

/** Logical ID of the output that holds a value; it is the same for every image that reads it, in every synthesis. */
function outputOf(owner: Stack, { value, shape, references: [first] }: Referring): string {
  const name = Names.uniqueResourceName(first.target, { maxLength: 180 });
  const part = Reference.isReference(onlyToken(value)) ? first.displayName.replace(/[^A-Za-z0-9]+/g, '') : digestOf(shape).slice(0, 16);
  const id = `GoldenImage${name}${part}`;
  if (!owner.node.tryFindChild(id)) {
    new CfnOutput(owner, id, { value, description: 'Read by builds of golden images' }).overrideLogicalId(id);
  }
  return id;
}

/** Everything that a value refers to, and what it is made of. */
function referencesIn(scope: Construct, value: string): Pick<Referring, 'references' | 'shape'> {
  const resolver = new Collector();
  try {
    const shape = JSON.stringify(Tokenization.resolve(value, { scope, resolver, preparing: true }));
    return { references: resolver.references, shape };
  } catch {
    // Of something that says no word before all is declared.
    return { references: [], shape: '' };
  }
}

/** Notes references instead of resolving them. */
class Collector extends DefaultTokenResolver {
  readonly references: Reference[] = [];

  constructor() { super({ join: (left, right) => [left, right] }); }

  resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    if (!Reference.isReference(token)) { return super.resolveToken(token, context, postProcessor); }
    this.references.push(token);
    return `<${token.target.node.path}.${token.displayName}>`;
  }
}

function onlyToken(value: string): IResolvable | undefined {
  const { length, tokens } = Tokenization.reverseString(value);
  return length === 1 ? tokens[0] : undefined;
}

/** What stands in the template. Undefined: CDK refuses to say, as for names across environments. */
function resolved(image: Construct, token: IResolvable): unknown {
  try { return Stack.of(image).resolve(token); } catch { return undefined; }
}

function isPseudo(plain: unknown): boolean {
  const ref = (plain as { Ref?: unknown } | undefined)?.Ref;
  return typeof ref === 'string' && ref.startsWith('AWS::');
}

/** The name in `{{resolve:ssm:NAME}}`; a version would have to be read in another way. */
function dynamicReference(plain: unknown): string | undefined {
  return typeof plain === 'string' ? /^\{\{resolve:ssm:([A-Za-z0-9_./-]+)\}\}$/.exec(plain)?.[1] : undefined;
}

/** `StringParameter.valueForStringParameter()` is a parameter of the template that holds a name. */
function parameterOf(image: Construct, token: IResolvable): string | undefined {
  if (!Reference.isReference(token) || !(token.target instanceof CfnParameter)) { return undefined; }
  const { type, default: name } = token.target;
  const readHere = !differ(Stack.of(token.target).region, Stack.of(image).region);
  return readHere && type.startsWith('AWS::SSM::Parameter::Value<') && typeof name === 'string' && !Token.isUnresolved(name) ? name : undefined;
}

function differ(a: string, b: string): boolean {
  return !Token.isUnresolved(a) && !Token.isUnresolved(b) && a !== b;
}
