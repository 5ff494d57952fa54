/**
 * Words that weak passwords are made of, our own compilation of what is widely known: names, hobbies, keyboard walks and
 * the like. Each stands for its many decorated forms (Password1, p@ssw0rd!, 123qwerty), which covers more than a list of
 * the same size would.
 */
const WORDS = new Set(
  `
  password passwort passord parola contrasena motdepasse senha passcode passphrase passwd letmein letmeinnow opensesame
  welcome welcomeback login loginpassword logmein admin administrator adminadmin administrador root rootroot toor user
  username guest default changeme changeit changemenow newpassword mypassword yourpassword nopassword secret secretpassword
  topsecret private testtest tester testing testpassword temppassword temporary example sample demo demodemo support
  service master masterkey manager system server database oracle mysql postgres cisco linux windows microsoft google
  facebook twitter instagram youtube yahoo hotmail gmail whatsapp netflix amazon apple iphone samsung android blackberry
  computer internet network website keyboard security access control company business office staff employee
  qwerty qwertyu qwertyui qwertyuiop qwertz azerty azertyuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc
  wsxedc rfvtgb qweasd qweasdzxc asdasd zxczxc qweqwe qwer asdfasdf poiuytrewq lkjhgfdsa mnbvcxz abcdef abcdefg abcdefgh
  abc abcd abcabc aaaaaa asd qwe zaq xsw zaqxsw cdevfr
  iloveyou iloveu ilovehim iloveher iloveme ilovegod loveyou lovely loveme lovers love forever forever1 sweetheart
  sweetie darling honey baby babygirl babyboy princess prince queen king angel angels heaven blessed blessing
  jesus jesuschrist christ godisgood godislove godbless thankgod hallelujah praise faith grace hope
  monkey dragon tiger lion eagle falcon wolf bear panther jaguar cobra shark dolphin butterfly unicorn kitten kitty
  puppy doggie rabbit turtle spider scorpion phoenix mustang bulldog
  football soccer baseball basketball hockey tennis cricket golf rugby boxing wrestling swimming running skating
  liverpool arsenal chelsea manchester manchesterunited manutd mancity barcelona realmadrid juventus milan bayern
  lakers yankees cowboys steelers packers raiders eagles rangers giants patriots redsox broncos bulls
  superman batman spiderman ironman wonderwoman hulk thor joker naruto goku pokemon pikachu charizard mario luigi zelda
  minecraft fortnite roblox starwars startrek matrix gandalf hobbit frodo harrypotter hogwarts hermione snoopy garfield
  mickey mickeymouse minnie donald disney barbie tinkerbell tweety
  sunshine moonlight rainbow summer winter autumn spring flower flowers rose lily jasmine daisy orchid sunflower
  chocolate cookie cookies cheese banana orange apple strawberry cherry peaches pepper ginger sugar candy coffee
  michael jennifer jessica michelle ashley amanda daniel andrew joshua matthew anthony robert thomas william charlie
  charles george jordan justin nicole samantha elizabeth victoria alexander alexandra benjamin christian christopher
  jonathan patrick richard samuel stephanie vanessa veronica martin maria mariana fernando francisco alejandro gabriel
  sebastian carlos antonio ricardo eduardo roberto natasha natalie melissa rebecca rachel danielle caroline
  emmanuel chinedu chidinma chukwuemeka olamide oluwaseun blessing1 precious favour goodluck success victory wisdom
  nigeria lagos abuja kenya nairobi ghana accra africa southafrica egypt cairo morocco india mumbai pakistan karachi
  bangladesh philippines indonesia jakarta brasil brazil mexico argentina colombia espana portugal france germany
  deutschland england london america newyork california texas florida canada australia japan
  monday tuesday wednesday thursday friday saturday sunday january february march april august september october
  november december
  money money1 dollar dollars rich millionaire business1 lucky lucky7 winner champion legend hunter killer shadow ninja
  warrior soldier marine army navy airforce pirate wizard magic mystery freedom liberty peace harmony destiny
  hello hellohello helloworld goodbye goodmorning whatever nothing nobody somebody anything something noname
  trustno trustnoone fuckyou fuckoff asshole bullshit shithead bitch pussy sexy sexygirl sexybitch hottie cutie
  computer1 hacker hacked matrix1 cyber gamer player music guitar piano drummer metallica nirvana slipknot linkinpark
  eminem tupac beyonce rihanna michaeljackson elvis beatles pinkfloyd rockyou rockstar
  mother father mommy daddy mummy family brother sister grandma grandpa husband friend friends bestfriend myfamily
  ferrari porsche mercedes corvette camaro yamaha honda toyota suzuki kawasaki harley harleydavidson
  zaq1zaq1 q1w2e3 q1w2e3r4 q1w2e3r4t5 1q2w3e 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc qaz2wsx a1b2c3 a1b2c3d4 abc123
  pass pass123 p4ssword shop shopping shopadmin store storeadmin souk market seller vendor merchant
  `
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** What is put before or after a word to please a rule; longer tails than this are left to the guesser. */
const DECORATION_MAX = 5;
const ROWS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', '1234567890-='];
const STEPS = [...ROWS, ...ROWS.map((row) => [...row].reverse().join(''))];
const STEP_MIN = 3;
const LEET: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
};

/**
 * Whether a password is one that is tried first: a well-known word with little around it, one thing repeated, or a walk
 * along the keyboard or the alphabet.
 */
export function isCommonPassword(password: string): boolean {
  const folded = password.toLowerCase();
  return isWord(folded) || isRepetition(folded) || isWalk(folded);
}

/** The word inside its decoration: `!Lagos2024` → `lagos`. */
export function coreOf(text: string): string {
  return text.toLowerCase().replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
}

function isWord(folded: string): boolean {
  if (WORDS.has(folded)) return true;
  const plain = [...folded].map((letter) => LEET[letter] ?? letter).join('');
  if (WORDS.has(plain)) return true;
  return [folded, plain, tailCut(folded)].some((text) => {
    const core = coreOf(text);
    const decoration = folded.length - core.length;
    return WORDS.has(core) && (decoration <= DECORATION_MAX || isWalk(folded.replace(core, '')));
  });
}

// p@ssw0rd2024: the digits at the end are not letters in disguise, those inside are.
function tailCut(folded: string): string {
  const head = folded.replace(/[^\p{L}]+$/u, '');
  return [...head].map((letter) => LEET[letter] ?? letter).join('');
}

function isRepetition(folded: string): boolean {
  const [, unit = ''] = /^(.+?)\1+$/u.exec(folded) ?? [];
  return unit !== '' && (unit.length <= 4 || isWord(unit));
}

/** Made of nothing but pieces of at least three neighbours: 12345678, abcd1234, qwertyasdf. */
function isWalk(folded: string): boolean {
  let at = 0;
  while (at < folded.length) {
    const step = longestStep(folded.slice(at));
    if (step < STEP_MIN) return false;
    at += step;
  }
  return folded.length > 0;
}

function longestStep(text: string): number {
  let longest = /^(.)\1*/u.exec(text)?.[0].length ?? 0;
  for (const row of STEPS) {
    let length = 1;
    while (length < text.length && row.includes(text.slice(0, length + 1))) length += 1;
    longest = Math.max(longest, length);
  }
  return longest;
}
