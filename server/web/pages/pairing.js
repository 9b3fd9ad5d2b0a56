// A further device of mine: one that signs already invites it, it makes a key, and the first signs for that. Their texts go by no server.
// spec: http.md#a-further-device

import { readInvitation } from './between.js';
import { me } from './kept.js';
import './page.js';
import { say, toMe } from './stage.js';
import { trust } from './trust.js';
import { t } from './words.js';

const shown = () => /^#(join|add)=(.*)$/.exec(location.hash);

async function begin() {
  const [, how, text = null] = shown() ?? [];
  const trusted = await trust();
  if (trusted === null) return say('bad', t('pairing.unreached'));
  const { policy } = trusted;
  const self = await me(policy.origin);
  if (self === null) {
    if (how === 'add') return say('wait', t('pairing.not-here'));
    const { join } = await import('./joining.js');
    return join(policy.origin, text);
  }
  if (how === 'join') return say('wait', t(readInvitation(text ?? '')?.party === self.party ? 'pairing.is-yours' : 'pairing.is-somebody'), ' ', toMe());
  const { add } = await import('./adding.js');
  await add(self, policy, text);
}

// Only what another device showed begins anew: a link within the page does not.
addEventListener('hashchange', () => {
  if (shown() !== null) location.reload();
});
await begin();
