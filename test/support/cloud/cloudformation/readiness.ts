import { isSame } from './comparison';
import { evaluate, type Scope } from './functions';
import type { Definition, Stack } from './stack';

const UPDATABLE = new Set([
  'CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'CREATE_FAILED', 'UPDATE_FAILED', 'IMPORT_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE',
]);

/** Whether a stack may be changed. */
export function isUpdatable({ status }: Stack): boolean {
  return UPDATABLE.has(status);
}

/** Whether a stack whose resources stay as they are has the same outputs and tags as well. */
export function nothingChanges(stack: Stack, { template, tags }: Definition, scope: Scope): boolean {
  const outputs = Object.entries(template.Outputs ?? {})
    .filter(([, { Condition }]) => Condition === undefined || scope.condition(Condition))
    .map(([key, { Value, Description, Export }]) => ({
      key, value: String(evaluate(Value, scope)), description: Description, exportName: Export && String(evaluate(Export.Name, scope)),
    }));
  return isSame(outputs, stack.outputs) && isSame(tags, stack.definition?.tags ?? {});
}
