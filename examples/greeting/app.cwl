cwlVersion: v1.2
$namespaces:
  s: https://schema.org/
s:softwareVersion: 1.0.0
$graph:
  - class: Workflow
    id: greeting
    label: Greeting
    doc: Makes a STAC item out of two strings; needs no files and no image.
    inputs:
      name:
        type: string
        label: Who is greeted
        doc: Letters, digits, spaces and . , ' -
      language:
        type:
          type: enum
          symbols: [en, de, fr]
        default: en
        label: Language of the greeting
    outputs:
      catalogue:
        type: Directory
        label: STAC catalogue
        doc: One item, whose asset is the greeting.
        outputSource: write/catalogue
      text:
        type: string
        label: The greeting
        outputSource: write/text
    steps:
      write:
        run: '#write-greeting'
        in: { name: name, language: language }
        out: [catalogue, text]

  - class: CommandLineTool
    id: write-greeting
    requirements:
      InitialWorkDirRequirement:
        listing:
          - entryname: greet.sh
            entry: |
              set -eu
              name=$1
              case $name in *[!A-Za-z0-9" .,'"-]*) echo "a name has letters, digits, spaces and . , ' -: $name" >&2; exit 1 ;; esac
              case $2 in de) word='Guten Tag' ;; fr) word=Bonjour ;; *) word=Hello ;; esac
              text="$word, $name!"
              now=`date -u +%Y-%m-%dT%H:%M:%SZ`
              mkdir -p catalogue/greeting
              echo "$text" > catalogue/greeting/greeting.txt
              printf %s "$text" > text
              cat > catalogue/catalog.json <<END
              {
                "type": "Catalog",
                "stac_version": "1.0.0",
                "id": "greeting",
                "description": "A greeting",
                "links": [
                  { "rel": "root", "href": "./catalog.json", "type": "application/json" },
                  { "rel": "item", "href": "./greeting/greeting.json", "type": "application/geo+json" }
                ]
              }
              END
              cat > catalogue/greeting/greeting.json <<END
              {
                "type": "Feature",
                "stac_version": "1.0.0",
                "id": "greeting",
                "geometry": null,
                "properties": { "title": "$text", "datetime": "$now" },
                "links": [
                  { "rel": "root", "href": "../catalog.json", "type": "application/json" },
                  { "rel": "parent", "href": "../catalog.json", "type": "application/json" }
                ],
                "assets": {
                  "greeting": { "href": "./greeting.txt", "type": "text/plain", "title": "The greeting", "roles": ["data"] }
                }
              }
              END
    baseCommand: [sh, greet.sh]
    inputs:
      name: { type: string, inputBinding: { position: 1 } }
      language:
        type:
          type: enum
          symbols: [en, de, fr]
        inputBinding: { position: 2 }
    outputs:
      catalogue: { type: Directory, outputBinding: { glob: catalogue } }
      text:
        type: string
        outputBinding: { glob: text, loadContents: true, outputEval: '$(self[0].contents)' }
