import { foldKey } from '../../kernel/text.ts';

// Subdivisions by code and English name: ISO 3166-2 (ISO 3166 Maintenance Agency, online browsing platform), for
// countries where taxes or deliveries differ by region and both spellings are common. Other countries need no list:
// there a region is what was written.
const NAMES: Readonly<Record<string, string>> = {
  AU: `ACT Australian Capital Territory; NSW New South Wales; NT Northern Territory; QLD Queensland; SA South Australia;
    TAS Tasmania; VIC Victoria; WA Western Australia`,
  CA: `AB Alberta; BC British Columbia; MB Manitoba; NB New Brunswick; NL Newfoundland and Labrador; NS Nova Scotia;
    NT Northwest Territories; NU Nunavut; ON Ontario; PE Prince Edward Island; QC Quebec; SK Saskatchewan; YT Yukon`,
  NG: `AB Abia; AD Adamawa; AK Akwa Ibom; AN Anambra; BA Bauchi; BY Bayelsa; BE Benue; BO Borno; CR Cross River; DE Delta;
    EB Ebonyi; ED Edo; EK Ekiti; EN Enugu; FC Federal Capital Territory; FC Abuja; GO Gombe; IM Imo; JI Jigawa; KD Kaduna;
    KN Kano; KT Katsina; KE Kebbi; KO Kogi; KW Kwara; LA Lagos; NA Nasarawa; NI Niger; OG Ogun; ON Ondo; OS Osun; OY Oyo;
    PL Plateau; RI Rivers; SO Sokoto; TA Taraba; YO Yobe; ZA Zamfara`,
  US: `AL Alabama; AK Alaska; AZ Arizona; AR Arkansas; CA California; CO Colorado; CT Connecticut; DE Delaware;
    DC District of Columbia; DC Washington DC; FL Florida; GA Georgia; HI Hawaii; ID Idaho; IL Illinois; IN Indiana;
    IA Iowa; KS Kansas; KY Kentucky; LA Louisiana; ME Maine; MD Maryland; MA Massachusetts; MI Michigan; MN Minnesota;
    MS Mississippi; MO Missouri; MT Montana; NE Nebraska; NV Nevada; NH New Hampshire; NJ New Jersey; NM New Mexico;
    NY New York; NC North Carolina; ND North Dakota; OH Ohio; OK Oklahoma; OR Oregon; PA Pennsylvania; RI Rhode Island;
    SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah; VT Vermont; VA Virginia; WA Washington;
    WV West Virginia; WI Wisconsin; WY Wyoming; AS American Samoa; GU Guam; MP Northern Mariana Islands; PR Puerto Rico;
    VI Virgin Islands`,
  ZA: `EC Eastern Cape; FS Free State; GP Gauteng; KZN KwaZulu-Natal; LP Limpopo; MP Mpumalanga; NC Northern Cape;
    NW North West; WC Western Cape`,
};
/** What people add to a name: Lagos State. */
const ADDED_WORD = / (?:state|province)$/;
/** Washington, D.C. */
const PUNCTUATION = /[.,]/g;

const codes: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries(NAMES).map(([country, list]) => [country, codesByName(list)]),
);

/**
 * The form under which regions of a country are compared and unique: `CA`, `us-ca` and `California` are one. Folded; a
 * code where the region is known, otherwise the words. Of its own result it makes the same again. Null for no region.
 */
export function regionKeyOf(country: string, region: string | null | undefined): string | null {
  const prefix = `${country.toLowerCase()}-`;
  let words = foldKey(foldKey(region ?? '').replace(PUNCTUATION, ''));
  while (words.startsWith(prefix)) words = words.slice(prefix.length).trim();
  const known = codes.get(country);
  return (known?.get(words) ?? known?.get(words.replace(ADDED_WORD, '')) ?? words) || null;
}

function codesByName(list: string): ReadonlyMap<string, string> {
  const pairs = list.split(';').map((entry) => {
    const [code = '', ...name] = foldKey(entry).split(' ');
    return [name.join(' '), code] as const;
  });
  return new Map(pairs);
}
