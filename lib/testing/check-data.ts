import { GoldenError } from '../errors';
import { CHECK_ATTRIBUTES, type Check, type CheckType, type Expectation } from '../plan/checks';

/** A check as data, in the words of a plan. */
export interface CheckData {
  readonly type: CheckType;
  /** What it is about, such as a path, `tcp:80`, or a command. */
  readonly resource: string;
  /** Attributes as Goss names them, each a plain value or `{ matcher: argument }`. */
  readonly attributes: { readonly [attribute: string]: Expectation };
}

/** What a `Check` holds, which this room does not import. */
interface DeclaredCheck {
  readonly _type: string;
  readonly _resource: string;
  readonly _attributes: CheckData['attributes'];
}

/** A check as a plan has it: of data, or of the `Check` of this package. Errors: `no-check`. */
export function checkOf(given: object): Check {
  const { _type, _resource, _attributes } = given as DeclaredCheck;
  const { type, resource, attributes } = _type === undefined ? given as CheckData : { type: _type, resource: _resource, attributes: _attributes };
  if (typeof type !== 'string' || !Object.hasOwn(CHECK_ATTRIBUTES, type) || typeof resource !== 'string') {
    throw new GoldenError('no-check', `${JSON.stringify(given)} is no check`, {
      kind: 'usage', hint: 'Write Check.service(\'nginx\'), or { type: \'service\', resource: \'nginx\', attributes: { running: true } }.',
    });
  }
  return { type: type as CheckType, resource, attributes: attributes ?? {}, origin: '' };
}
