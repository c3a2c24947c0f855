import type { Construct } from 'constructs';
import { renderMachine } from './machine';
import { twinFaults } from './twins';
import type { Fault } from '../../errors';
import { definitionHash } from '../../plan/keys';
import type { Definition } from '../../plan/model';
import { definitionFaults } from '../../plan/validate';
import type { AmiImageProps } from '../ami-image-props';
import type { Draft } from '../lowering/draft';
import { tokenFaults } from '../lowering/token-faults';

/** The definition of an image, and everything that is wrong with it. */
export interface RenderedDefinition {
  readonly definition: Definition;
  readonly hash: string;
  readonly faults: readonly Fault[];
}

/** Renders what the image is. Never throws for what a user gave: that is in the faults. */
export function renderDefinition(image: Construct, props: AmiImageProps, draft: Draft): RenderedDefinition {
  const { source } = props;
  const path = image.node.path;
  const { machine, faults: machineFaults } = renderMachine(image, props);
  const definition: Definition = {
    epoch: 1,
    source: source._spec(),
    machine,
    instructions: draft.instructions,
    checks: draft.checks,
    parameters: draft.parameters,
    secrets: draft.secrets,
  };
  const below = (origin: string) => (origin === '' ? path : `${path}/${origin}`);
  const parts = [...definition.instructions, ...definition.checks];
  const faults = [
    ...source._faults.map((fault) => ({ ...fault, path })),
    ...machineFaults,
    ...draft.faults,
    ...tokenFaults(definition.source, path, 'source'),
    ...parts.flatMap(({ origin, ...part }) => tokenFaults(part, below(origin), part.type)),
    ...definitionFaults(definition).map((fault) => ({ ...fault, path: below(fault.path ?? '') })),
  ];
  const hash = definitionHash(definition);
  return { definition, hash, faults: [...faults, ...twinFaults(image, hash, draft.lateReferences)] };
}
