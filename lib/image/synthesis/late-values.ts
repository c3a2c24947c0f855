import { CfnOutput, CfnParameter, Names, Reference, Stack, Stage, Token, Tokenization, type IResolvable } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Fault } from '../../errors';
import type { LateValue } from '../../plan/values';

const NOT_YET = 'Declare it in another stack of the app, which is then deployed before the image is built; '
  + 'or look it up or import it by its ID, as by Vpc.fromLookup or Vpc.fromVpcAttributes.';
const OTHER_TOKEN = 'Take it as it is from a construct of another stack, from an SSM parameter (StringParameter.valueForStringParameter), or by its plain ID.';

/** Reads something of the account for the plan. Undefined: it cannot be there when the image is built, and a fault says why. */
export type LateReader = (value: string, field: string) => LateValue | undefined;

/**
 * Reads what may be known only when the image is built. A token of another stack becomes an output of that stack, which has
 * to be deployed first.
 */
export function lateReader(image: Construct, report: (fault: Fault) => void): LateReader {
  return (value, field) => {
    if (!Token.isUnresolved(value)) { return { type: 'literal', value }; }
    const refuse = (message: string, hint: string) => {
      report({ code: 'token', message, hint, path: image.node.path });
      return undefined;
    };
    const token = onlyToken(value);
    const plain = token && resolved(image, token);
    const parameter = token && (dynamicReference(plain) ?? parameterOf(image, token));
    if (parameter !== undefined) { return { type: 'ssm', name: parameter }; }
    if (!token || !Reference.isReference(token) || isPseudo(plain)) {
      return refuse(`${field} holds a CDK token that nobody can read before the deployment`, OTHER_TOKEN);
    }
    return fromOtherStack(image, token, field, refuse);
  };
}

type Refuse = (message: string, hint: string) => undefined;

function fromOtherStack(image: Construct, token: Reference, field: string, refuse: Refuse): LateValue | undefined {
  const [owner, own] = [outermost(token.target), outermost(image)];
  const name = `${field} is ${token.target.node.path}`;
  if (owner === own) { return refuse(`${name}, of the image's own stack: that is deployed after the image is built`, NOT_YET); }
  if (Stage.of(owner) !== Stage.of(own)) {
    return refuse(`${name}, of another stage`, 'Take it from a stack of the same stage, or by its plain ID.');
  }
  if (differ(owner.account, own.account)) {
    return refuse(`${name}, of the account ${owner.account}; the image is built in ${own.account}`, 'Take one of the account that builds.');
  }
  try {
    own.addDependency(owner, `${image.node.path} is built in what it declares`);
  } catch {
    return refuse(`${name}, of a stack that needs the image's own stack`, NOT_YET);
  }
  const region = Token.isUnresolved(owner.region) || owner.region === own.region ? undefined : owner.region;
  return { type: 'stackOutput', stack: owner.stackName, output: outputOf(owner, token), region };
}

/** An output of a nested stack can be read only by those around it. */
function outermost(construct: Construct | Reference['target']): Stack {
  let stack = Stack.of(construct);
  while (stack.nestedStackParent) { stack = stack.nestedStackParent; }
  return stack;
}

/** Logical ID of the output that holds a reference; it is the same for every image that reads it, in every synthesis. */
function outputOf(owner: Stack, token: Reference): string {
  const attribute = token.displayName.replace(/[^A-Za-z0-9]+/g, '');
  const id = `GoldenImage${Names.uniqueResourceName(token.target, { maxLength: 200 })}${attribute}`;
  if (!owner.node.tryFindChild(id)) {
    new CfnOutput(owner, id, { value: Token.asString(token), description: 'Read by builds of golden images' }).overrideLogicalId(id);
  }
  return id;
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
