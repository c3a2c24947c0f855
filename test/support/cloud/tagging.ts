import { ApiError } from './protocol/api-error';
import type { Parameters } from './protocol/query';
import type { Xml } from './protocol/xml';
import type { Tags } from './records';

/** Tags that a call gives to what it makes, by type of resource. Errors where the call cannot make such a resource. */
export function tagSpecifications(input: Parameters, types: readonly string[]): (type: string) => Tags {
  const byType = new Map<string, Tags>();
  for (const specification of input.groups('TagSpecification')) {
    const type = specification.text('ResourceType') ?? '';
    if (!types.includes(type)) {
      throw new ApiError('InvalidParameterValue', `'${type}' is not a valid taggable resource type for this operation.`);
    }
    if (byType.has(type)) { throw new ApiError('InvalidParameterValue', `Duplicate resource type '${type}' in tag specifications.`); }
    byType.set(type, tagsOf(specification.groups('Tag')));
  }
  return (type) => new Map(byType.get(type));
}

export function tagsOf(groups: readonly Parameters[]): Tags {
  const tags: Tags = new Map();
  for (const tag of groups) {
    const key = tag.text('Key') ?? '';
    const value = tag.text('Value') ?? '';
    checkTag(key, value);
    if (tags.has(key)) { throw new ApiError('InvalidParameterValue', `Duplicate tag key '${key}' specified.`); }
    tags.set(key, value);
  }
  checkCount(tags);
  return tags;
}

function checkTag(key: string, value: string): void {
  if (key.length === 0 || key.length > 128) { throw new ApiError('InvalidParameterValue', `Tag key is invalid: '${key}'.`); }
  if (key.startsWith('aws:')) { throw new ApiError('InvalidParameterValue', 'Tag keys starting with \'aws:\' are reserved for internal use'); }
  if (value.length > 256) { throw new ApiError('InvalidParameterValue', `Tag value exceeds the maximum length of 256 characters (key '${key}').`); }
}

/** At most 50 tags for each resource. */
export function checkCount(tags: Tags): void {
  if (tags.size > 50) { throw new ApiError('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.'); }
}

export function tagSet(tags: Tags): Xml {
  return [...tags].map(([key, value]) => ({ key, value }));
}
