cwlVersion: v1.2
$namespaces:
  s: https://schema.org/
s:softwareVersion: 1.0.0
s:license: https://spdx.org/licenses/Apache-2.0
$graph:
  - class: Workflow
    id: vegetation
    label: Vegetation of a Sentinel-2 scene
    doc: >-
      Normalised difference vegetation index (NDVI) of a scene from its red and near infrared bands: computed tile by tile, put together as a
      GeoTIFF, with statistics, a quick-look picture and a STAC catalogue.
    requirements:
      ScatterFeatureRequirement: {}
    inputs:
      red:
        type: File
        label: Red band
        doc: GeoTIFF of Sentinel-2 band B04.
      nir:
        type: File
        label: Near infrared band
        doc: GeoTIFF of Sentinel-2 band B08, as many pixels as the red one.
      tile_size:
        type: int
        default: 100
        label: Tile size
        doc: Pixels along the side of a tile.
      scene:
        type: string
        default: sentinel2-sample
        label: Name of the scene
        doc: 'Letters, digits, ".", "_" and "-".'
      datetime:
        type: string?
        label: Time of acquisition
        doc: RFC 3339, with a time zone; leave it out where it is unknown.
    outputs:
      catalogue:
        type: Directory
        label: STAC catalogue
        doc: One item with the GeoTIFF, the quick-look and the statistics as assets.
        outputSource: describe/catalogue
      ndvi:
        type: File
        label: NDVI
        doc: GeoTIFF, float32.
        outputSource: mosaic/ndvi
      quicklook:
        type: File
        label: Quick-look
        doc: PNG with a legend.
        outputSource: picture/quicklook
      statistics:
        type: File
        label: Statistics
        doc: 'JSON: minimum, mean, maximum, cover classes.'
        outputSource: measure/statistics
      mean_ndvi:
        type: double
        label: Mean NDVI
        outputSource: measure/mean_ndvi
    steps:
      split:
        run: '#split-tiles'
        in: { red: red, nir: nir, size: tile_size }
        out: [tiles]
      tile:
        run: '#tile-ndvi'
        scatter: tile
        in: { tile: split/tiles }
        out: [ndvi]
      mosaic:
        run: '#mosaic'
        in: { tiles: tile/ndvi }
        out: [ndvi]
      measure:
        run: '#statistics'
        in: { ndvi: mosaic/ndvi }
        out: [statistics, mean_ndvi]
      picture:
        run: '#quicklook'
        in: { ndvi: mosaic/ndvi, scene: scene }
        out: [quicklook]
      describe:
        run: '#stac-catalogue'
        in:
          scene: scene
          datetime: datetime
          ndvi: mosaic/ndvi
          quicklook: picture/quicklook
          statistics: measure/statistics
        out: [catalogue]

  - class: CommandLineTool
    id: split-tiles
    requirements:
      DockerRequirement: { dockerPull: 'runnel/vegetation-tools:1.0' }
      ResourceRequirement: { coresMin: 1, ramMin: 256 }
    baseCommand: split-tiles
    inputs:
      red: { type: File, inputBinding: { prefix: --red } }
      nir: { type: File, inputBinding: { prefix: --nir } }
      size: { type: int, inputBinding: { prefix: --size } }
    outputs:
      tiles: { type: 'File[]', outputBinding: { glob: 'tile-*.tif' } }

  - class: CommandLineTool
    id: tile-ndvi
    requirements:
      DockerRequirement: { dockerPull: 'runnel/vegetation-tools:1.0' }
      ResourceRequirement: { coresMin: 1, ramMin: 256 }
    baseCommand: [tile-ndvi, --output]
    arguments:
      - ndvi-$(inputs.tile.basename)
    inputs:
      tile: { type: File, inputBinding: { position: 1 } }
    outputs:
      ndvi: { type: File, outputBinding: { glob: ndvi-$(inputs.tile.basename) } }

  - class: CommandLineTool
    id: mosaic
    requirements:
      DockerRequirement: { dockerPull: 'runnel/vegetation-tools:1.0' }
      ResourceRequirement: { coresMin: 1, ramMin: 256 }
    baseCommand: [mosaic, --output, ndvi.tif]
    inputs:
      tiles: { type: 'File[]', inputBinding: {} }
    outputs:
      ndvi: { type: File, outputBinding: { glob: ndvi.tif } }

  - class: CommandLineTool
    id: statistics
    requirements:
      DockerRequirement: { dockerPull: 'runnel/vegetation-tools:1.0' }
      ResourceRequirement: { coresMin: 1, ramMin: 256 }
      InlineJavascriptRequirement: {}
    baseCommand: [statistics, --output, statistics.json]
    inputs:
      ndvi: { type: File, inputBinding: {} }
    outputs:
      statistics: { type: File, outputBinding: { glob: statistics.json } }
      mean_ndvi:
        type: double
        outputBinding:
          glob: statistics.json
          loadContents: true
          outputEval: $(JSON.parse(self[0].contents).mean)

  - class: CommandLineTool
    id: quicklook
    requirements:
      DockerRequirement: { dockerPull: 'runnel/vegetation-tools:1.0' }
      ResourceRequirement: { coresMin: 1, ramMin: 256 }
    baseCommand: [quicklook, --output, quicklook.png]
    inputs:
      ndvi: { type: File, inputBinding: { position: 1 } }
      scene: { type: string, inputBinding: { prefix: --title, valueFrom: NDVI of $(self) } }
    outputs:
      quicklook: { type: File, outputBinding: { glob: quicklook.png } }

  - class: CommandLineTool
    id: stac-catalogue
    requirements:
      DockerRequirement: { dockerPull: 'runnel/vegetation-tools:1.0' }
      ResourceRequirement: { coresMin: 1, ramMin: 256 }
    baseCommand: [stac-catalogue, --output, catalogue]
    inputs:
      scene: { type: string, inputBinding: { prefix: --scene } }
      datetime: { type: string?, inputBinding: { prefix: --datetime } }
      ndvi: { type: File, inputBinding: { prefix: --ndvi } }
      quicklook: { type: File, inputBinding: { prefix: --quicklook } }
      statistics: { type: File, inputBinding: { prefix: --statistics } }
    outputs:
      catalogue: { type: Directory, outputBinding: { glob: catalogue } }
