import type { Instruction, RunInstruction } from '../../lib/plan/instructions';
import { buildKeys, definitionHash, deliveryHash, secretFingerprint, type ResolvedInputs } from '../../lib/plan/keys';
import type { Definition, LocalSource } from '../../lib/plan/model';
import { sampleDefinition, sampleDelivery } from '../support/sample-plan';

const inputs: ResolvedInputs = {
  source: 'sha256:0123',
  parameters: { release: '1.2.3' },
  secrets: { token: secretFingerprint('hunter2', 'salt') },
};

function withInstruction(index: number, change: Partial<RunInstruction>): Definition {
  const instructions = [...sampleDefinition.instructions];
  instructions[index] = { ...instructions[index], ...change } as Instruction;
  return { ...sampleDefinition, instructions };
}

/** Indexes of the layers that two definitions do not share. */
function changedLayers(a: Definition, b: Definition, inputsOfB: ResolvedInputs = inputs): number[] {
  const before = buildKeys(a, inputs).layers;
  const after = buildKeys(b, inputsOfB).layers;
  return before.flatMap((key, i) => (key === after[i] ? [] : [i]));
}

/**
 * These four were computed once, by another program. `sampleDefinition` and `inputs` have to stay what they are, too. Whoever upgrades the library must not have to build every image anew, so a change here
 * is a fault of ours, unless it is wanted: then, and only then, move `epoch` in lib/plan/model.ts by one (so that old and
 * new keys cannot meet), say in the release notes that every image is built anew, and put the new values here.
 */
test('the same definition has the same keys in every version of the library', () => {
  expect(definitionHash(sampleDefinition)).toBe('7b94889ecb1af103354357ca4b5bdffedc05a6c551b6a4fd9103f041ddcc04b3');
  expect(deliveryHash(sampleDelivery)).toBe('ef726ac1ef542428a19b8543f781efbd2385ec22ae616e79c7b16d0892e9fa01');
  const { layers, build } = buildKeys(sampleDefinition, inputs);
  expect(layers[layers.length - 1]).toBe('daf5ec57f5946d434346791b75a5313cf30a37de5948553b772f79bfd1ce017e');
  expect(build).toBe('c84c5dce7968a7c147019c5c936f3a084f37a04cb539d813c399b4e4f37b3d0c');
});

describe('what does not change what the image is', () => {
  test.each<[string, Definition]>([
    ['the constructs that instructions came from', {
      ...sampleDefinition, instructions: sampleDefinition.instructions.map((instruction) => ({ ...instruction, origin: 'Renamed' })),
    }],
    ['the constructs that checks came from', {
      ...sampleDefinition, checks: sampleDefinition.checks.map((check) => ({ ...check, origin: 'Renamed' })),
    }],
    ['the construct of a check in the middle', {
      ...sampleDefinition,
      instructions: sampleDefinition.instructions.map((instruction) => (
        instruction.type === 'check' ? { ...instruction, checks: instruction.checks.map((check) => ({ ...check, origin: 'Renamed' })) } : instruction
      )),
    }],
    ['the user to log in as', { ...sampleDefinition, source: { ...sampleDefinition.source, user: 'ec2-user' } }],
    ['whether the source has the SSM agent', { ...sampleDefinition, source: { ...sampleDefinition.source, ssmAgent: true } }],
    ['the local counterpart of a source in the cloud', { ...sampleDefinition, source: { ...sampleDefinition.source, local: undefined } as Definition['source'] }],
    ['the order of members', Object.fromEntries(Object.entries(sampleDefinition).reverse()) as unknown as Definition],
  ])('%s', (_, definition) => {
    expect(definitionHash(definition)).toBe(definitionHash(sampleDefinition));
    expect(buildKeys(definition, inputs)).toEqual(buildKeys(sampleDefinition, inputs));
  });

  test('the path of an image that is the source of another', () => {
    const source = { type: 'image', definitionHash: 'b'.repeat(64), image: 'Stack/Base', user: 'root', ssmAgent: true } as const;
    expect(definitionHash({ ...sampleDefinition, source })).toBe(definitionHash({ ...sampleDefinition, source: { ...source, image: 'Moved/Base' } }));
    expect(definitionHash({ ...sampleDefinition, source })).not.toBe(definitionHash({ ...sampleDefinition, source: { ...source, definitionHash: 'c'.repeat(64) } }));
  });

  test('where a root tar lies, as its digest says what it is', () => {
    const hashOf = (local: LocalSource) => definitionHash({ ...sampleDefinition, source: { type: 'local', user: 'root', ssmAgent: false, local } });
    const tar = { type: 'rootTar', location: '/home/me/root.tar', sha256: 'b'.repeat(64) } as const;
    expect(hashOf({ ...tar, location: 'https://example.com/root.tar' })).toBe(hashOf(tar));
    expect(hashOf({ ...tar, sha256: 'c'.repeat(64) })).not.toBe(hashOf(tar));
  });
});

describe('what changes what the image is', () => {
  const { source, machine, checks, parameters, secrets } = sampleDefinition;
  test.each<[string, Partial<Definition>]>([
    ['the source', { source: { ...source, owners: ['self'] } as Definition['source'] }],
    ['the architecture', { machine: { ...machine, architecture: 'arm64' } }],
    ['the size of the disk', { machine: { ...machine, rootVolumeSizeMiB: 4096 } }],
    ['an instruction', { instructions: sampleDefinition.instructions.slice(1) }],
    ['a check', { checks: checks.slice(1) }],
    ['where a parameter is read from', { parameters: { release: { ...parameters.release, from: { type: 'environment', name: 'RELEASE' } } } }],
    ['where a secret is read from', { secrets: { token: { from: { ...secrets.token.from, key: 'other' } as Definition['secrets']['token']['from'] } } }],
  ])('%s', (_, change) => {
    expect(definitionHash({ ...sampleDefinition, ...change })).not.toBe(definitionHash(sampleDefinition));
  });
});

describe('layers', () => {
  const count = sampleDefinition.instructions.length;

  test('there is one before the first instruction and one after each', () => {
    const { layers } = buildKeys(sampleDefinition, inputs);
    expect(layers).toHaveLength(count + 1);
    expect(new Set(layers).size).toBe(count + 1);
  });

  test.each([...sampleDefinition.instructions.keys()])('a change of instruction %i changes the layers after it, and no other', (index) => {
    const changed = withInstruction(index, { timeoutSeconds: 7, attempts: 9 });
    expect(changedLayers(sampleDefinition, changed)).toEqual(Array.from({ length: count - index }, (_, i) => index + 1 + i));
    expect(buildKeys(changed, inputs).build).not.toBe(buildKeys(sampleDefinition, inputs).build);
  });

  test('another check changes no layer, but the image', () => {
    const changed = { ...sampleDefinition, checks: [] };
    expect(changedLayers(sampleDefinition, changed)).toEqual([]);
    expect(buildKeys(changed, inputs).build).not.toBe(buildKeys(sampleDefinition, inputs).build);
  });

  test('another resolved source changes all of them', () => {
    expect(changedLayers(sampleDefinition, sampleDefinition, { ...inputs, source: 'sha256:4567' })).toHaveLength(count + 1);
  });

  test.each<[string, Partial<ResolvedInputs>]>([
    ['value of a parameter', { parameters: { release: '1.2.4' } }],
    ['secret', { secrets: { token: secretFingerprint('hunter3', 'salt') } }],
  ])('another %s changes those from the instruction on that uses it', (_, change) => {
    const user = sampleDefinition.instructions.findIndex((instruction) => instruction.type === 'run');
    expect(changedLayers(sampleDefinition, sampleDefinition, { ...inputs, ...change })[0]).toBe(user + 1);
  });

  test('a value that no instruction uses changes no layer', () => {
    expect(changedLayers(sampleDefinition, sampleDefinition, { ...inputs, parameters: { ...inputs.parameters, other: 'x' } })).toEqual([]);
  });

  test('two definitions that begin alike share the layers of their beginning', () => {
    const longer = { ...sampleDefinition, instructions: [...sampleDefinition.instructions, { type: 'pause', seconds: 2, origin: 'Last' } as const] };
    expect(buildKeys(longer, inputs).layers.slice(0, -1)).toEqual(buildKeys(sampleDefinition, inputs).layers);
  });
});

describe('the fingerprint of a secret', () => {
  test('tells secrets apart, and depends on the salt', () => {
    const fingerprint = secretFingerprint('hunter2', 'salt');
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(secretFingerprint('hunter2', 'salt')).toBe(fingerprint);
    expect(secretFingerprint('hunter3', 'salt')).not.toBe(fingerprint);
    expect(secretFingerprint('hunter2', 'pepper')).not.toBe(fingerprint);
  });
});

test('where the image goes is its own hash, without the name of the parameter that carries the other', () => {
  expect(deliveryHash({ ...sampleDelivery, parameterName: '/other' })).toBe(deliveryHash(sampleDelivery));
  expect(deliveryHash({ ...sampleDelivery, regions: [] })).not.toBe(deliveryHash(sampleDelivery));
  expect(deliveryHash({ ...sampleDelivery, tags: { team: 'api' } })).not.toBe(deliveryHash(sampleDelivery));
});
