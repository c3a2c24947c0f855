import { Token } from 'aws-cdk-lib';
import type { Fault } from '../../errors';

/** Those of some texts that do not have a form, quoted. CDK tokens are reported elsewhere. */
export function oddTexts(form: RegExp, texts: readonly string[]): string[] {
  return texts.filter((text) => !Token.isUnresolved(text) && !form.test(text)).map((text) => JSON.stringify(text));
}

/** AWS gives 50 tags to a thing; the others are this library's own. */
const TAG_LIMIT = 32;

/** What is wrong with tags that a user gives. */
export function tagFaults(tags: { readonly [key: string]: string }): Fault[] {
  const count = Object.keys(tags).length;
  return [
    ...(count > TAG_LIMIT ? [{
      code: 'too-many-tags', message: `There are ${count} tags`, hint: `Give at most ${TAG_LIMIT}: AWS takes 50, of which this library needs some.`,
    }] : []),
    ...oddTexts(/^(?!aws:)[^\0]{1,128}$/i, Object.keys(tags)).map((text) => ({
      code: 'invalid-tag', message: `${text} cannot be the key of a tag`, hint: 'Use 1 to 128 characters, and no aws: at the start.',
    })),
    ...Object.keys(tags).filter((key) => key.startsWith('golden:')).map((key) => ({
      code: 'invalid-tag', message: `The tag ${JSON.stringify(key)} is one of this library's own`, hint: 'Begin it with something else than golden: .',
    })),
    ...oddTexts(/^[^\0]{0,256}$/, Object.values(tags)).map((text) => ({
      code: 'invalid-tag', message: `${text} cannot be the value of a tag`, hint: 'Use at most 256 characters.',
    })),
  ];
}
