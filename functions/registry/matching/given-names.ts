/** English given names and the short and pet forms in use for them, one group a line: two names of a group may be the same
 * person's. Common knowledge, as in any dictionary of given names; a name may stand in several groups. */
const GROUPS = `
abigail abby gail
abraham abe bram
adelaide addie ada della
adam ad
agnes aggie nessie nancy nessa
albert al bert bertie albie
alexander alex alec sandy sandie alick sandro alasdair
alexandra alex sandra sandy
alfred alf alfie fred freddie
alice allie ally elsie lisa
amelia amy millie mel emily
andrew andy drew dandy
angela angie
anne ann anna annie nan nancy nanny annette hannah anita
anthony tony antony ant
archibald archie baldie
arthur art artie
augustus gus augie austin
augusta gussie
barbara babs barb barbie bab
benjamin ben benny bennie benjie
bernard bernie barney
beatrice bea trixie beatrix
bridget biddy bridie
caroline carrie carol lina caro
catherine katherine kathleen katharine kate katie kit kitty cathy kathy cassie kay kat
cecilia cecily cissy sissy celia
charles charlie chas chuck charley carl carlos
charlotte lottie charlie lotta
christian chris
christina chris tina chrissie christine kirsty
christopher chris kit kester topher
clara clare claire
constance connie
cornelius neil con corny
cynthia cindy
daniel dan danny
david dave davy davie dai
deborah debbie deb
dennis denis denny
donald don donnie
dorothy dot dottie dolly dora dodie
edgar ed
edmund ed eddie ned ted edmond
edward ed eddie eddy ned ted teddy neddy
edwin ed eddie ned
edith edie
eleanor nell nellie ellen elinor nora ella ellie lenora helen
elizabeth eliza liz lizzie beth betty betsy bess bessie elsie libby lisa lily lilibet elspeth isabel lisbeth liza betsey tetty
emma em emmy emily
emily em emmie milly millie
ernest ernie
esther essie hester hetty
eugene gene
evelyn eve evie
ferdinand ferdy
florence flo florrie flossie
frances fanny fran frankie francie sis
francis frank frankie fran
franklin frank
frederick fred freddie freddy frederic fritz rick
gabriel gabe
geoffrey jeffrey geoff jeff
george georgie geordie jorge jurgen
georgina georgie gina georgiana georgia
gerald gerry jerry
gertrude gertie trudy
gilbert gil bert
grace gracie
gregory greg
gwendolen gwen gwenda
hannah anna nan
harold harry hal
harriet hattie harriett
helen ellen nell nellie lena nelly elena
henrietta etta hetty harriet ettie
henry harry hal hank
herbert bert bertie herb
horace horry
hugh hughie hew huw
humphrey humph
isaac ike
isabel bella isabella belle bel isobel ibbie tibbie
jacob jake jakob
james jim jimmy jamie jem jimmie jas jacob
jane jenny janie jean janet jennie
janet jenny jess nettie
jeremiah jerry jeremy
jessica jess jessie
joan jo joanie
joanna jo
john jack johnny jock ian ivan johnnie jonathan evan sean jno jon hans
jonathan jon jonny nathan
joseph joe jo joey jos
josephine jo josie fina
joshua josh
judith judy
julia julie jill juliet
katherine kate
kenneth ken kenny
laura laurie lolly
lawrence larry lawrie laurie laurence
leonard len lenny leo
leonora nora
leopold leo
letitia lettie letty
lewis louis lew lou
lillian lily lil lilian
louisa lou louie louise
lucy lulu lucinda lucia
luke lucas
magdalene maggie lena
margaret maggie meg peggy madge daisy greta maisie mags marge margery marjorie may peg rita margie
maria mary molly ria
martha matty pattie patty mattie
martin marty
mary molly polly mamie may minnie marie maria moll
matilda tilly mattie maud tilda
matthew matt mat
maurice morris mo
michael mike mick mickey micky
mildred millie
montague monty
nathaniel nat nathan nate
nicholas nick nicky colin nicolas claus
oliver ollie noll
patricia pat patty trish tricia
patrick pat paddy
penelope penny nell
peter pete
philip phil phillip pip
priscilla prissy cilla
rachel rae ray
ralph rafe
raymond ray
rebecca becky beck becca
reginald reg reggie rex
richard dick rick dickie ricky rich richie dicky
robert bob bobby rob robbie robin bert bobbie dob
roderick rod roddy
roger rodge hodge
roland rollo rowland
ronald ron ronnie
rosemary rosie rose
rupert rupe robert
ruth ruthie
samuel sam sammy
sarah sally sal sadie sara
sebastian seb bastian
sidney sid sydney syd
simon si simeon
solomon sol
sophia sophie sophy
stanley stan
stephen steve steven stevie
susan sue susie suzy susanna susannah suky susanne
sylvester sly
terence terry
theodore theo ted teddy
theresa terry tess tessa teresa tracy
thomas tom tommy thos tam tommie
timothy tim timmy
tobias toby
valentine val
victor vic
victoria vicky vic
vincent vin vince vinny
virginia ginny
walter wat wally walt
wilfred wilf fred
wilhelmina mina minnie billie
william will bill billy willie willy liam wm guillaume wilhelm bil
winifred winnie freda win
zachary zach zack
`;

const groupsOf = new Map<string, number[]>();
for (const [index, line] of GROUPS.trim().split('\n').entries()) {
  for (const name of line.split(' ')) {
    const groups = groupsOf.get(name);
    if (groups === undefined) groupsOf.set(name, [index]);
    else groups.push(index);
  }
}

/** Whether one name is a short or pet form of the other, or both of a third. Lower-case, without accents. */
export function areFormsOfOneName(a: string, b: string): boolean {
  const groups = groupsOf.get(b);
  return groups !== undefined && (groupsOf.get(a)?.some((group) => groups.includes(group)) ?? false);
}
