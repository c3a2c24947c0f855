import { basename } from 'path';
import type { AssetReference, Instruction } from '../plan/instructions';
import type { LocalSource, Plan, SourceSpec } from '../plan/model';

const DIGEST = '<digest>';

/** The plan without what the machine it was synthesised on decided: the folder of a root tar. */
export function withoutPaths(plan: Plan): Plan {
  return { ...plan, definition: { ...plan.definition, source: sourceWithoutPaths(plan.definition.source) } };
}

/** The plan with a placeholder for each digest of ours. A digest that a user wrote stays: it is part of what is tested. */
export function redactDigests(plan: Plan): Plan {
  const { definition, delivery } = plan;
  const source = definition.source.type === 'image' ? { ...definition.source, definitionHash: DIGEST } : definition.source;
  return {
    ...plan,
    definitionHash: DIGEST,
    deliveryHash: DIGEST,
    definition: { ...definition, source, instructions: definition.instructions.map(redactInstruction) },
    delivery: { ...delivery, parameterName: delivery.parameterName.replace(hashPrefix(plan.definitionHash), DIGEST) },
  };
}

/** A name may carry the whole hash or its beginning. */
function hashPrefix(hash: string): RegExp {
  return new RegExp(`${hash.slice(0, 8)}[0-9a-f]*`);
}

function redactInstruction(instruction: Instruction): Instruction {
  switch (instruction.type) {
    case 'run': return { ...instruction, script: redactContent(instruction.script) };
    case 'put': return { ...instruction, content: redactContent(instruction.content) };
    default: return instruction;
  }
}

function redactContent<T extends object>(content: T | AssetReference): T | AssetReference {
  return 'asset' in content ? { ...content, asset: DIGEST } : content;
}

function sourceWithoutPaths(source: SourceSpec): SourceSpec {
  if (source.type === 'local') { return { ...source, local: localWithoutPaths(source.local) }; }
  return source.local ? { ...source, local: localWithoutPaths(source.local) } : source;
}

function localWithoutPaths(local: LocalSource): LocalSource {
  if (local.type !== 'rootTar' || !local.location.startsWith('/')) { return local; }
  return { ...local, location: `<folder>/${basename(local.location)}` };
}
