cwlVersion: v1.0
$namespaces: {s: https://schema.org/}
s:softwareVersion: 1.4.1
$graph:
  - class: Workflow
    id: water-bodies
    label: Water bodies detection
    doc: Water bodies detection based on NDWI and a threshold
    requirements: [{class: ScatterFeatureRequirement}, {class: SubworkflowFeatureRequirement}]
    inputs:
      aoi: {label: area of interest, type: string}
      epsg: {type: string, default: 'EPSG:4326'}
      stac_items: {label: items, type: 'string[]'}
      bands: {type: 'string[]', default: [green, nir]}
    outputs: [{id: stac_catalog, outputSource: [node_stac/stac_catalog], type: Directory}]
    steps:
      node_water_bodies:
        run: '#detect_water_body'
        in: {item: stac_items, aoi: aoi, epsg: epsg, bands: bands}
        out: [detected_water_body]
        scatter: item
        scatterMethod: dotproduct
      node_stac:
        run: '#stac'
        in: {item: stac_items, rasters: node_water_bodies/detected_water_body}
        out: [stac_catalog]
  - class: Workflow
    id: detect_water_body
    requirements: [{class: ScatterFeatureRequirement}]
    inputs: {aoi: string, epsg: string, bands: 'string[]', item: string}
    outputs: [{id: detected_water_body, outputSource: [node_otsu/binary], type: File}]
    steps:
      node_crop: {run: '#crop', in: {item: item, aoi: aoi, epsg: epsg, band: bands}, out: [cropped], scatter: band, scatterMethod: dotproduct}
      node_normalized_difference: {run: '#norm_diff', in: {rasters: {source: node_crop/cropped}}, out: [ndwi]}
      node_otsu: {run: '#otsu', in: {raster: {source: node_normalized_difference/ndwi}}, out: [binary]}
  - class: CommandLineTool
    id: crop
    requirements: {InlineJavascriptRequirement: {}, EnvVarRequirement: {envDef: {PYTHONPATH: /app}}, ResourceRequirement: {coresMax: 1, ramMax: 512}}
    baseCommand: [sh, -c, 'echo "$@" > crop_$4.tif', crop]
    inputs:
      item: {type: string, inputBinding: {prefix: --input-item}}
      aoi: {type: string, inputBinding: {prefix: --aoi}}
      epsg: {type: string, inputBinding: {prefix: --epsg}}
      band: {type: string, inputBinding: {prefix: --band}}
    outputs: {cropped: {outputBinding: {glob: '*.tif'}, type: File}}
  - class: CommandLineTool
    id: norm_diff
    baseCommand: [sh, -c, 'cat "$@" > norm_diff.tif', norm]
    inputs: {rasters: {type: 'File[]', inputBinding: {position: 1}}}
    outputs: {ndwi: {outputBinding: {glob: '*.tif'}, type: File}}
  - class: CommandLineTool
    id: otsu
    baseCommand: [sh, -c, 'cp "$0" otsu.tif']
    inputs: {raster: {type: File, inputBinding: {position: 1}}}
    outputs: {binary: {outputBinding: {glob: '*.tif'}, type: File}}
  - class: CommandLineTool
    id: stac
    baseCommand: [sh, -c, 'cat $(printf "%s\n" "$@" | grep "^/") > all.txt', stac]
    inputs:
      item: {type: {type: array, items: string, inputBinding: {prefix: --input-item}}}
      rasters: {type: {type: array, items: File, inputBinding: {prefix: --water-body}}}
    outputs: {stac_catalog: {outputBinding: {glob: .}, type: Directory}}
