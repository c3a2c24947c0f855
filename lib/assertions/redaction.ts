import { basename } from 'path';
import type { AssetReference, Instruction } from '../plan/instructions';
import { withKeyPaths } from '../plan/key-paths';
import type { Plan } from '../plan/model';
import { withRootTarPath } from '../plan/root-tar-path';

const DIGEST = '<digest>';

/** The plan without the folders of a root tar and of SSH keys: an assembly says them from elsewhere than an image does. */
export function withoutPaths(plan: Plan): Plan {
  const nameOnly = (path: string) => `<folder>/${basename(path)}`;
  return withKeyPaths(withRootTarPath(plan, nameOnly), nameOnly);
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
