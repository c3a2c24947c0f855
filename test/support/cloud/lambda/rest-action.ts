/** A call, and what its path says of it. */
interface RestCall {
  readonly action: string;
  readonly parameters: { readonly [name: string]: string };
}

/** What a request asks of Lambda, and of which function: by its method and path. Undefined: nothing that we know. */
export function lambdaAction(method: string, path: string): RestCall | undefined {
  const [, version, kind, ...parts] = path.split('?')[0].replace(/\/$/, '').split('/').map(decodeURIComponent);
  if (!['2015-03-31', '2019-09-25'].includes(version) || kind !== 'functions') { return undefined; }
  if (parts.length === 0) { return known({ POST: 'CreateFunction', GET: 'ListFunctions' }[method], {}); }
  const [FunctionName, part, StatementId] = parts;
  const action = ({
    '': { GET: 'GetFunction', DELETE: 'DeleteFunction' },
    'configuration': { GET: 'GetFunctionConfiguration', PUT: 'UpdateFunctionConfiguration' },
    'code': { PUT: 'UpdateFunctionCode' },
    'policy': StatementId === undefined ? { POST: 'AddPermission', GET: 'GetPolicy' } : { DELETE: 'RemovePermission' },
    'invocations': { POST: 'Invoke' },
    'event-invoke-config': { PUT: 'PutFunctionEventInvokeConfig' },
  } as { readonly [part: string]: { readonly [method: string]: string } | undefined })[part ?? '']?.[method];
  return known(action, { FunctionName, ...StatementId === undefined ? {} : { StatementId } });
}

function known(action: string | undefined, parameters: RestCall['parameters']): RestCall | undefined {
  return action === undefined ? undefined : { action, parameters };
}
