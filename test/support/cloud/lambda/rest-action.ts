/** What a request asks of Lambda, and of which function: by its method and path. Undefined: nothing that we know. */
export function lambdaAction(method: string, path: string): { readonly action: string; readonly parameters: { readonly [name: string]: string } } | undefined {
  const [, version, kind, ...parts] = path.split('?')[0].replace(/\/$/, '').split('/').map(decodeURIComponent);
  if (version !== '2015-03-31' || kind !== 'functions') { return undefined; }
  if (parts.length === 0) { return known({ POST: 'CreateFunction', GET: 'ListFunctions' }[method], {}); }
  const [FunctionName, part, StatementId] = parts;
  const action = ({
    '': { GET: 'GetFunction', DELETE: 'DeleteFunction' },
    'configuration': { GET: 'GetFunctionConfiguration', PUT: 'UpdateFunctionConfiguration' },
    'code': { PUT: 'UpdateFunctionCode' },
    'policy': StatementId === undefined ? { POST: 'AddPermission', GET: 'GetPolicy' } : { DELETE: 'RemovePermission' },
    'invocations': { POST: 'Invoke' },
  } as { readonly [part: string]: { readonly [method: string]: string } | undefined })[part ?? '']?.[method];
  return known(action, { FunctionName, ...StatementId === undefined ? {} : { StatementId } });
}

function known(action: string | undefined, parameters: { readonly [name: string]: string }) {
  return action === undefined ? undefined : { action, parameters };
}
