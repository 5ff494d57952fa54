import { expect, test } from 'vitest';
import { publicNames } from './public-names.ts';

test('names of this machine mean this machine, without asking anybody', async () => {
  for (const name of ['localhost', 'shop.localhost']) {
    const found = await new Promise((resolve, reject) => {
      publicNames(name, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
    });
    expect(found).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]);
  }
});
