import { evaluate, type Scope } from './functions';
import { referencesIn } from './references';
import type { Definition, Stack, StackOutput } from './stack';
import type { StackPlace } from './stack-store';
import { invalid, type Json } from './template';

/** Outputs of a stack whose resources are made, and the exports of others that it uses. */
export function outputsOf(
  { template }: Definition, place: StackPlace, scope: Scope, stack: Stack,
): { readonly outputs: readonly StackOutput[]; readonly imports: ReadonlySet<string> } {
  const outputs = Object.entries(template.Outputs ?? {})
    .filter(([, { Condition }]) => Condition === undefined || scope.condition(Condition))
    .map(([key, { Value, Description, Export }]): StackOutput => {
      const value = evaluate(Value, scope) as unknown;
      if (typeof value === 'object') { throw invalid(`Template format error: Output ${key} is malformed. The Value field of every Outputs member must evaluate to a String.`); }
      return { key, value: String(value), description: Description, exportName: Export && String(evaluate(Export.Name, scope)) };
    });
  checkExports(outputs, place, stack);
  return { outputs, imports: importsOf(template as unknown as Json, scope) };
}

function checkExports(outputs: readonly StackOutput[], place: StackPlace, stack: Stack): void {
  for (const { exportName, value } of outputs) {
    if (exportName === undefined) { continue; }
    const other = place.exports().find((one) => one.name === exportName && one.stack !== stack);
    if (other) { throw invalid(`Export with name ${exportName} is already exported by stack ${other.stack.name}. `); }
    const before = stack.outputs.find((output) => output.exportName === exportName);
    const [user] = before && before.value !== value ? place.importers(exportName) : [];
    if (user) { throw invalid(`Cannot update export ${exportName} as it is in use by ${user.name}`); }
  }
  for (const { exportName } of stack.outputs) {
    if (exportName === undefined || outputs.some((output) => output.exportName === exportName)) { continue; }
    const [user] = place.importers(exportName);
    if (user) { throw invalid(`Cannot delete export ${exportName} as it is in use by ${user.name}. `); }
  }
}

function importsOf(value: Json, scope: Scope): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (one: Json): void => {
    if (typeof one !== 'object' || one === null) { return; }
    if (Array.isArray(one)) { one.forEach(visit); return; }
    for (const [key, inner] of Object.entries(one)) {
      if (key === 'Fn::ImportValue' && referencesIn(inner as Json).attributes.size === 0) { names.add(String(evaluate(inner as Json, scope))); }
      visit(inner as Json);
    }
  };
  visit(value);
  return names;
}
