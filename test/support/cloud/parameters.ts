import { ApiError } from './protocol/api-error';
import type { World } from './world';

interface ParameterCall {
  readonly action: string;
  readonly region: string;
  readonly account: string;
  readonly input: { readonly [name: string]: unknown };
}

/** Asks moto, and gives its answer. */
type Ask = (input: object) => Promise<{ readonly [name: string]: unknown }>;

/** Parameter Store is moto's; public parameters that it lacks and AMIs that do not exist are ours. */
export async function answerParameters(world: World, call: ParameterCall, ask: Ask): Promise<object> {
  const publics = world.catalogue.parameters(call.region);
  if (call.action === 'PutParameter') { return put(world, call, ask); }
  if (call.action === 'GetParameter') {
    const name = String(call.input.Name);
    const value = publics.get(name);
    return value === undefined ? ask(call.input) : { Parameter: publicParameter(call.region, name, value) };
  }
  const names = call.input.Names as readonly string[];
  const known = names.filter((name) => publics.has(name));
  const others = names.filter((name) => !publics.has(name));
  const answer = others.length > 0 ? await ask({ ...call.input, Names: others }) : { Parameters: [], InvalidParameters: [] };
  const found = known.map((name) => publicParameter(call.region, name, publics.get(name)!));
  return { ...answer, Parameters: [...found, ...answer.Parameters as object[]] };
}

async function put(world: World, call: ParameterCall, ask: Ask): Promise<object> {
  if (call.input.DataType !== 'aws:ec2:image') { return ask(call.input); }
  const value = String(call.input.Value);
  if (!/^ami-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(value)) {
    throw new ApiError('ValidationException', `Parameter value ${value} is not a valid AMI ID for the data type aws:ec2:image.`);
  }
  const image = world.region(call.region).images.get(value);
  // It is looked up after the answer was given; where it is not there, nothing is stored.
  const { parameterMs } = world.settings;
  if (!image || image.state !== 'available') { return { Version: 1, Tier: 'Standard' }; }
  if (parameterMs === 0) { return ask(call.input); }
  void world.clock.sleep(parameterMs).then(() => ask(call.input)).catch(() => undefined);
  return { Version: 1, Tier: 'Standard' };
}

function publicParameter(region: string, name: string, value: string): object {
  return {
    Name: name,
    Type: 'String',
    Value: value,
    Version: 1,
    LastModifiedDate: 1_763_700_000,
    ARN: `arn:aws:ssm:${region}::parameter${name}`,
    DataType: 'aws:ec2:image',
  };
}
