import { SizeRoundingBehavior, type Size } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
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
  const size = renderSize(props.rootVolumeSize, path);
  const definition: Definition = {
    epoch: 1,
    source: source._spec(),
    machine: { architecture: source._architecture(), osFamily: source.osFamily._family, rootVolumeSizeMiB: size.mebibytes },
    instructions: draft.instructions,
    checks: draft.checks,
    parameters: draft.parameters,
    secrets: draft.secrets,
  };
  const below = (origin: string) => (origin === '' ? path : `${path}/${origin}`);
  const parts = [...definition.instructions, ...definition.checks];
  const faults = [
    ...source._faults.map((fault) => ({ ...fault, path })),
    ...size.faults,
    ...draft.faults,
    ...tokenFaults(definition.source, path, 'source'),
    ...parts.flatMap(({ origin, ...part }) => tokenFaults(part, below(origin), part.type)),
    ...definitionFaults(definition).map((fault) => ({ ...fault, path: below(fault.path ?? '') })),
  ];
  return { definition, hash: definitionHash(definition), faults };
}

function renderSize(size: Size | undefined, path: string): { mebibytes?: number; faults: readonly Fault[] } {
  if (size?.isUnresolved()) {
    return { faults: [{ code: 'token', message: 'rootVolumeSize holds a CDK token', hint: 'Give a plain size, such as Size.gibibytes(8).', path }] };
  }
  const mebibytes = size?.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
  if (mebibytes === undefined || (Number.isInteger(mebibytes) && mebibytes >= 1)) { return { mebibytes, faults: [] }; }
  return { faults: [{ code: 'invalid-size', message: `rootVolumeSize is ${mebibytes} MiB`, hint: 'Give whole mebibytes, at least one.', path }] };
}
