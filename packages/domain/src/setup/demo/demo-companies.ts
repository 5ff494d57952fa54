/** The companies of a fresh `npm start`: two, in two currencies, so that the walls between them can be tried. */
export const DEMO_COMPANIES = [
  {
    company: { name: 'Adire House', handle: 'adire-house', country: 'NG', currency: 'NGN', timezone: 'Africa/Lagos' },
    owner: { name: 'Ada Obi', email: 'ada@adire-house.example' },
    /** In `apps/cli/demo`. */
    catalogue: 'adire-house.csv',
    shop: { delivery: 250_000, code: 'WELCOME10' },
  },
  {
    company: { name: 'Kyoto Paper', handle: 'kyoto-paper', country: 'JP', currency: 'JPY', timezone: 'Asia/Tokyo' },
    owner: { name: 'Kenji Mori', email: 'kenji@kyoto-paper.example' },
    catalogue: 'kyoto-paper.csv',
    shop: { delivery: 600, code: 'WELCOME10' },
  },
] as const;
